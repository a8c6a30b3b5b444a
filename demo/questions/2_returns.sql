-- What do returns cost, and in which part of the range?
SELECT category,
    sum(quantity) AS sold,
    sum(returned_quantity) AS returned,
    round(100 * sum(returned_quantity) / sum(quantity), 1) AS return_percent,
    -- Rounded before they are added: a sum of floats depends on the order of the rows.
    sum(((unit_price * quantity - discount) * returned_quantity / quantity)::DECIMAL(18, 6))::DECIMAL(14, 2)
        AS value_returned
FROM order_items
JOIN products USING (product_id)
GROUP BY ALL
ORDER BY return_percent DESC;
