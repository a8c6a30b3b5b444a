-- What was captured is what the lines and the shipping add up to; what was refunded, what came back.
CREATE TABLE order_totals AS
SELECT order_id,
    sum(unit_cents * quantity - discount_cents) AS net_cents,
    sum((unit_cents * quantity - discount_cents) * returned_quantity // quantity) AS returned_cents
FROM order_items
GROUP BY order_id;

CREATE TABLE payments AS
WITH attempts AS (
    SELECT *, pick(['card', 'card', 'card', 'wallet', 'transfer', 'cash'], draw(order_id, 81)) AS drawn
    FROM orders
    JOIN order_totals USING (order_id)
),
named AS (
    SELECT *, CASE WHEN channel <> 'store' AND drawn = 'cash' THEN 'card' ELSE drawn END AS method
    FROM attempts
),
events AS (
    SELECT order_id, method, 'failed' AS kind, net_cents + shipping_cents AS cents, placed_at AS paid_at
    FROM named
    WHERE method <> 'cash' AND draw(order_id, 82) < 0.03
    UNION ALL
    SELECT order_id, method, 'captured', net_cents + shipping_cents,
        placed_at + to_seconds((20 + draw(order_id, 83) * 70)::BIGINT)
    FROM named
    WHERE status <> 'cancelled'
    UNION ALL
    SELECT order_id, method, 'refunded', returned_cents,
        placed_at + to_seconds((86400 * (2 + draw(order_id, 84) * 19))::BIGINT)
    FROM named
    WHERE returned_cents > 0
)
SELECT row_number() OVER (ORDER BY paid_at, order_id, kind) AS payment_id,
    order_id,
    method,
    kind,
    money(cents) AS amount,
    paid_at,
    CASE WHEN method <> 'cash' THEN 'pay_' || lower(to_hex((draw(order_id, 85) * 4294967296)::BIGINT)) END
        AS provider_reference
FROM events
WHERE paid_at < getvariable('today')
ORDER BY payment_id;
