CREATE TABLE web_events AS
WITH counted AS (
    SELECT day,
        (getvariable('sessions') * before // total)::BIGINT AS first_session,
        (getvariable('sessions') * through // total)::BIGINT AS next_session,
        2 * getvariable('customers') // 5
        + 3 * getvariable('customers') * day_no // (5 * getvariable('days')) AS known_customers
    FROM days
),
sessions AS (
    SELECT day, known_customers, unnest(range(first_session, next_session)) + 1 AS session_no
    FROM counted
),
steps AS (
    SELECT *,
        day::TIMESTAMP + to_milliseconds((draw(session_no, 91) * 85000000)::BIGINT) AS started_at,
        unnest(range(1, pick([1, 2, 3, 4, 4, 5, 6, 8, 12], draw(session_no, 92)) + 1)) AS step
    FROM sessions
),
seen AS (
    SELECT *,
        session_no * 16 + step AS event_id,
        CASE
            WHEN step = 1 THEN 'landing'
            WHEN step >= 8 AND draw(session_no, 93) < 0.5 THEN 'checkout'
            ELSE pick(['view_product', 'view_product', 'view_product', 'search', 'add_to_cart'],
                draw(session_no * 16 + step, 94))
        END AS event_type
    FROM steps
)
SELECT event_id,
    's' || lpad(session_no::VARCHAR, 9, '0') AS session_id,
    CASE
        WHEN draw(session_no, 95) < 0.4
            THEN 1 + floor(known_customers * draw(session_no, 96) * draw(session_no, 97))::BIGINT
    END AS customer_id,
    started_at + to_milliseconds((step - 1) * 41000 + (draw(event_id, 98) * 30000)::BIGINT) AS occurred_at,
    event_type,
    CASE
        WHEN event_type IN ('view_product', 'add_to_cart')
            THEN 1 + floor(7 * getvariable('products') // 10 * draw(event_id, 99) * draw(event_id, 100))::BIGINT
    END AS product_id,
    pick(['phone', 'phone', 'phone', 'desktop', 'desktop', 'tablet'], draw(session_no, 101)) AS device,
    pick(['CZ', 'DE', 'AT', 'PL', 'SK', 'GB', 'NL', 'NA', ''], draw(session_no, 102)) AS country_code,
    CASE event_type
        WHEN 'search' THEN '{"query": "' || pick(
            ['oak chair', 'lamp, brass', 'NA', 'null', 'dárek 🎁', 'cushion 40\"x40\"'], draw(event_id, 103)
        ) || '", "results": ' || (draw(event_id, 104) * 60)::INTEGER || '}'
        WHEN 'landing' THEN '{"referrer": ' || pick(
            ['"search"', '"newsletter"', '"social"', 'null'], draw(event_id, 105)
        ) || '}'
    END AS properties
FROM seen
ORDER BY event_id;
