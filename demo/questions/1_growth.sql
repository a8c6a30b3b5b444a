-- Do we grow? The last six months against the same months a year before.
WITH monthly AS (
    SELECT date_trunc('month', order_date) AS month,
        count(DISTINCT order_id) AS orders,
        sum(unit_price * quantity - discount) AS revenue
    FROM order_items
    JOIN orders USING (order_id, order_date)
    WHERE status <> 'cancelled'
    GROUP BY ALL
)
SELECT strftime(now.month, '%Y-%m') AS month,
    now.orders,
    now.revenue,
    before.revenue AS year_before,
    round(100 * (now.revenue / before.revenue - 1), 1) AS growth_percent
FROM monthly AS now
JOIN monthly AS before ON before.month = now.month - INTERVAL 1 YEAR
ORDER BY now.month DESC
LIMIT 6;
