CREATE TABLE categories AS
SELECT * FROM (VALUES
    (0, 'Kitchen', ['Kettle', 'Saucepan', 'Chopping board', 'Coffee mill', 'Tea towel'], 3200, 4),
    (1, 'Lighting', ['Desk lamp', 'Floor lamp', 'Pendant', 'Lantern', 'Fairy lights'], 5900, 6),
    (2, 'Textiles', ['Duvet cover', 'Cushion', 'Wool throw', 'Curtain', 'Bath mat'], 3900, 17),
    (3, 'Furniture', ['Chair', 'Side table', 'Bookcase', 'Bench', 'Chest of drawers'], 18900, 9),
    (4, 'Garden', ['Planter', 'Watering can', 'Fire bowl', 'Parasol', 'Bird feeder'], 4500, 5),
    (5, 'Storage', ['Basket', 'Glass jar', 'Crate', 'Shoe rack', 'Wardrobe box'], 1900, 3),
    (6, 'Toys', ['Wooden train', 'Puzzle', 'Kite', 'Play kitchen', 'Marble run'], 2700, 7),
    (7, 'Electronics', ['Clock radio', 'Air purifier', 'Speaker', 'Toaster', 'Heater'], 7900, 12)
) AS t(category_id, category, nouns, base_cents, return_percent);

-- The first seven tenths of the range were on sale from the start; the rest came in day by day.
CREATE TABLE products AS
WITH numbered AS (
    SELECT n + 1 AS product_id, (n * 7) % 8 AS category_id
    FROM range(getvariable('products')) AS t(n)
),
priced AS (
    SELECT *,
        (base_cents * (0.4 + 1.9 * draw(product_id, 11) * draw(product_id, 12)))::BIGINT // 10 * 10 + 9
            AS list_cents
    FROM numbered
    JOIN categories USING (category_id)
)
SELECT product_id,
    'JL-' || upper(left(category, 2)) || '-' || lpad(product_id::VARCHAR, 5, '0') AS sku,
    pick(['Oak', 'Linen', 'Brass', 'Nordic', 'Rattan', 'Stoneware', 'Café', 'Midnight blue'],
        draw(product_id, 13))
    || ' ' || lower(pick(nouns, draw(product_id, 14)))
    || CASE
        WHEN product_id % 41 = 0 THEN ', 24" wide'
        WHEN product_id % 43 = 0 THEN ' "Solstice" 🌿'
        WHEN product_id % 47 = 0 THEN ', set of 2'
        ELSE ''
    END AS name,
    category,
    pick(['Hearth', 'Fjord & Field', 'Atelier 9', 'NULL', 'Brücke'], draw(product_id, 15)) AS brand,
    money(list_cents) AS list_price,
    money((list_cents * (42 + 25 * draw(product_id, 16)))::BIGINT // 100) AS unit_cost,
    (0.15 + 24 * draw(product_id, 17) * draw(product_id, 18))::DECIMAL(8, 3) AS weight_kg,
    CASE
        WHEN product_id <= 7 * getvariable('products') // 10
            THEN getvariable('first_day') - (30 + draw(product_id, 19) * 1800)::INTEGER
        ELSE getvariable('first_day')
            + ((product_id * 10 - 7 * getvariable('products')) * getvariable('days')
                // (3 * getvariable('products')))::INTEGER - 1
    END::DATE AS launched_on,
    CASE
        WHEN product_id % 37 = 0 AND product_id <= 7 * getvariable('products') // 10
            THEN getvariable('first_day') + (60 + draw(product_id, 20) * 600)::INTEGER
    END::DATE AS discontinued_on,
    CASE
        WHEN product_id % 5 = 0 THEN NULL
        WHEN product_id % 11 = 0 THEN ''
        WHEN product_id % 3 = 0 THEN 'Made to last.' || chr(10) || 'Wipe clean, do not soak.'
        ELSE 'Part of the "Everyday" range, in ' || pick(['sage', 'ecru', 'slate'], draw(product_id, 21))
    END AS description,
    category_id,
    list_cents,
    return_percent
FROM priced
ORDER BY product_id;
