-- What each file holds, column by column, as the company's systems would export it.
CREATE VIEW export_stores AS SELECT * EXCLUDE (country_id) FROM stores;
CREATE VIEW export_products AS SELECT * EXCLUDE (category_id, list_cents, return_percent) FROM products;
CREATE VIEW export_customers AS
SELECT * EXCLUDE (country_id, timezone) REPLACE (instant(signed_up_at) AS signed_up_at) FROM customers;
CREATE VIEW export_orders AS
SELECT order_id,
    customer_id,
    store_id,
    channel,
    status,
    order_date,
    strftime(local_time, '%Y-%m-%d %H:%M:%S') AS local_time,
    instant(placed_at) AS placed_at,
    country_code,
    discount_percent::DECIMAL(5, 2) AS discount_percent,
    money(shipping_cents) AS shipping_fee,
    coupon_code,
    gift_message
FROM orders;
CREATE VIEW export_order_items AS
SELECT order_id,
    line_number,
    order_date,
    product_id,
    quantity,
    money(unit_cents) AS unit_price,
    money(discount_cents) AS discount,
    returned_quantity
FROM order_items;
CREATE VIEW export_payments AS SELECT * REPLACE (instant(paid_at) AS paid_at) FROM payments;
CREATE VIEW export_web_events AS SELECT * REPLACE (instant(occurred_at) AS occurred_at) FROM web_events;
CREATE VIEW export_support_tickets AS
SELECT * REPLACE (instant(opened_at) AS opened_at, instant(closed_at) AS closed_at) FROM support_tickets;
CREATE VIEW export_employees AS FROM employees;
CREATE VIEW export_salaries AS FROM salaries;
