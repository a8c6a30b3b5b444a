CREATE TABLE order_items AS
WITH lines AS (
    SELECT order_id,
        order_date,
        day_no,
        status,
        discount_percent,
        unnest(range(1, line_count + 1)) AS line_number
    FROM orders
),
chosen AS (
    SELECT *,
        order_id * 8 + line_number AS line_id,
        1 + floor((
            7 * getvariable('products') // 10
            + 3 * getvariable('products') * day_no // (10 * getvariable('days'))
        ) * draw(order_id * 8 + line_number, 71) * draw(order_id * 8 + line_number, 72))::BIGINT AS wanted_id
    FROM lines
),
available AS (
    SELECT chosen.*,
        CASE WHEN discontinued_on <= order_date THEN wanted_id - 1 ELSE wanted_id END AS product_id
    FROM chosen
    JOIN products ON product_id = wanted_id
),
priced AS (
    SELECT *,
        list_cents * (100 + 4 * (year(order_date) - year(getvariable('first_day')))) // 100 AS unit_cents,
        pick([1, 1, 1, 1, 1, 2, 2, 3, 4], draw(line_id, 73)) AS quantity
    FROM available
    JOIN products USING (product_id)
)
SELECT order_id,
    line_number,
    order_date,
    product_id,
    quantity,
    unit_cents,
    unit_cents * quantity * discount_percent // 100 AS discount_cents,
    CASE
        WHEN status = 'delivered' AND draw(line_id, 74) * 100 < return_percent
            THEN 1 + floor(quantity * draw(line_id, 75))::BIGINT
        ELSE 0
    END AS returned_quantity
FROM priced
ORDER BY order_id, line_number;
