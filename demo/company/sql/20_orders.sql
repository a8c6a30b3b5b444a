-- Orders are numbered in the order of days; a day's buyers are those who had signed up by then.
CREATE TABLE order_base AS
WITH counted AS (
    SELECT day_no,
        day,
        (getvariable('orders') * before // total)::BIGINT AS first_order,
        (getvariable('orders') * through // total)::BIGINT AS next_order,
        2 * getvariable('customers') // 5
        + 3 * getvariable('customers') * day_no // (5 * getvariable('days')) AS known_customers
    FROM days
),
numbered AS (
    SELECT day_no, day, known_customers, unnest(range(first_order, next_order)) + 1 AS order_id
    FROM counted
)
SELECT order_id,
    day_no,
    day,
    1 + floor(known_customers * draw(order_id, 51) * draw(order_id, 52))::BIGINT AS customer_id,
    CASE
        WHEN draw(order_id, 53) < 0.48 + 0.14 * day_no / getvariable('days') THEN 'web'
        WHEN draw(order_id, 53) < 0.97 THEN 'store'
        ELSE 'phone'
    END AS channel,
    day::TIMESTAMP + to_milliseconds((3600000 * (
        pick([7, 8, 9, 10, 11, 11, 12, 12, 13, 14, 15, 16, 16, 17, 17, 18, 18, 19, 20, 21],
            draw(order_id, 54))
        + draw(order_id, 55)
    ))::BIGINT) AS local_time,
    pick([1, 1, 1, 2, 2, 2, 3, 3, 4, 6], draw(order_id, 56)) AS line_count,
    CASE
        WHEN draw(order_id, 57) < 0.06 THEN 20
        WHEN draw(order_id, 57) < 0.17 THEN 10
        ELSE 0
    END AS discount_percent
FROM numbered;

CREATE TABLE country_stores AS
SELECT country_id, list(store_id ORDER BY store_id) AS store_ids
FROM stores
WHERE closed_on IS NULL
GROUP BY country_id;

CREATE TABLE orders AS
SELECT order_id,
    customer_id,
    CASE WHEN channel = 'store' THEN pick(store_ids, draw(order_id, 61)) END AS store_id,
    channel,
    CASE
        WHEN draw(order_id, 62) < 0.024 THEN 'cancelled'
        WHEN channel = 'store' OR day_no < getvariable('days') - 9 THEN 'delivered'
        WHEN day_no < getvariable('days') - 3 THEN 'shipped'
        ELSE 'processing'
    END AS status,
    day AS order_date,
    local_time,
    (local_time AT TIME ZONE timezone) AT TIME ZONE 'UTC' AS placed_at,
    discount_percent,
    CASE WHEN channel = 'store' THEN 0 ELSE pick([0, 390, 490, 690], draw(order_id, 63)) END
        AS shipping_cents,
    CASE
        WHEN discount_percent > 0 THEN pick(['SPRING', 'HELLO10', 'FRIENDS, FAMILY'], draw(order_id, 64))
        WHEN channel = 'web' THEN ''
    END AS coupon_code,
    CASE
        WHEN order_id % 211 = 0 THEN 'Happy birthday! 🎂' || chr(10) || 'Love, "the three of us"'
        WHEN order_id % 199 = 0 THEN 'Für Oma, alles Gute'
        WHEN order_id % 193 = 0 THEN 'N/A'
    END AS gift_message,
    day_no,
    line_count,
    c.country_code
FROM order_base
JOIN customers c USING (customer_id)
JOIN country_stores USING (country_id)
ORDER BY order_id;
