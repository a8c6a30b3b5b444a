CREATE TABLE support_tickets AS
WITH drawn AS (
    SELECT n, 1 + floor(draw(n, 111) * getvariable('orders'))::BIGINT AS order_id
    FROM range(getvariable('tickets')) AS t(n)
),
opened AS (
    SELECT *,
        placed_at + to_seconds((3600 + draw(n, 112) * 1728000)::BIGINT) AS opened_at,
        pick(['low', 'normal', 'normal', 'normal', 'high', 'urgent'], draw(n, 113)) AS priority
    FROM drawn
    JOIN orders USING (order_id)
),
answered AS (
    SELECT *,
        opened_at + to_seconds((
            3600 * draw(n, 114) * CASE priority WHEN 'urgent' THEN 10 WHEN 'high' THEN 40 ELSE 160 END
        )::BIGINT + 300) AS answered_at
    FROM opened
    WHERE opened_at < getvariable('today')
)
SELECT row_number() OVER (ORDER BY opened_at, n) AS ticket_id,
    customer_id,
    CASE WHEN draw(n, 115) < 0.85 THEN order_id END AS order_id,
    opened_at,
    CASE WHEN answered_at < getvariable('today') AND draw(n, 116) < 0.985 THEN answered_at END AS closed_at,
    priority,
    pick(['delivery', 'delivery', 'return', 'damaged', 'invoice', 'other'], draw(n, 117)) AS topic,
    pick(['email', 'email', 'chat', 'phone'], draw(n, 118)) AS channel,
    CASE
        WHEN answered_at < getvariable('today') AND draw(n, 119) < 0.45
            THEN pick([1, 2, 3, 4, 4, 5, 5, 5], draw(n, 120))
    END AS satisfaction,
    pick([
        'Where is my parcel?' || chr(10) || 'The tracking page says "unknown".',
        'One leg of the chair is shorter, please advise 😕',
        'Invoice shows NULL as company name, should be empty.',
        'Dobrý den, chtěla bych vrátit polštář.',
        'Country on the label reads "NA", the courier thinks it is missing, it is Namibia.',
        ''
    ], draw(n, 121)) AS message
FROM answered
ORDER BY ticket_id;
