-- Which markets grow fastest, and how long do their customers wait for an answer? (NA is Namibia.)
WITH until AS (
    SELECT max(order_date) AS last_day FROM orders
),
sales AS (
    SELECT country_code,
        sum(unit_price * quantity - discount)
            FILTER (order_date > last_day - INTERVAL 1 YEAR) AS revenue,
        sum(unit_price * quantity - discount)
            FILTER (order_date <= last_day - INTERVAL 1 YEAR) AS year_before
    FROM order_items
    JOIN orders USING (order_id, order_date)
    CROSS JOIN until
    WHERE status <> 'cancelled'
    GROUP BY ALL
),
answers AS (
    SELECT country_code, median(epoch(closed_at - opened_at)) / 3600 AS hours
    FROM support_tickets
    JOIN customers USING (customer_id)
    GROUP BY ALL
)
SELECT country_code AS country,
    revenue,
    round(100 * (revenue / year_before - 1), 1) AS growth_percent,
    round(hours, 1) AS hours_to_answer
FROM sales
LEFT JOIN answers USING (country_code)
ORDER BY growth_percent DESC;
