-- Two fifths of the customers were there before the first day; Namibia is the youngest market.
CREATE TABLE customers AS
WITH numbered AS (
    SELECT n + 1 AS customer_id,
        greatest(0, n - 2 * getvariable('customers') // 5) AS newcomer,
        n / getvariable('customers') AS progress
    FROM range(getvariable('customers')) AS t(n)
),
placed AS (
    SELECT *,
        CASE
            WHEN draw(customer_id, 31) < 0.01 + 0.07 * progress THEN 8
            ELSE pick([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 4, 5, 6, 6, 7], draw(customer_id, 32))
        END AS country_id,
        CASE
            WHEN newcomer = 0
                THEN getvariable('first_day')::TIMESTAMP - to_seconds(
                    ((2 * getvariable('customers') // 5 + 1 - customer_id) * 94608000
                        // (2 * getvariable('customers') // 5))::BIGINT
                )
            ELSE getvariable('first_day')::TIMESTAMP + to_seconds(
                (newcomer * 5 * getvariable('days') * 86400 // (3 * getvariable('customers')))::BIGINT
                - 86400
            )
        END + to_milliseconds((draw(customer_id, 33) * 60000)::BIGINT) AS signed_up_at,
        pick(['Anna', 'Jan', 'Petra', 'Łukasz', 'Zoë', 'Tomáš', 'Sean', 'Ndapewa', 'Jürgen', 'Mia',
            'Noor', 'Oliver', 'Ewa', 'Filip', 'Selma', 'Hugo'], draw(customer_id, 34)) AS first_name,
        pick(['Novak', 'Müller', 'O''Brien', 'Šťastná', 'Kowalski', 'de Vries', 'Smith', 'Null',
            'Shikongo', 'Horváth', 'Weiß', 'Taylor-Jones', 'Dvořák', 'Lindqvist'],
            draw(customer_id, 35)) AS last_name
    FROM numbered
)
SELECT customer_id,
    first_name,
    last_name,
    'customer' || customer_id || '@' || pick(['example.com', 'example.net', 'example.org'],
        draw(customer_id, 36)) AS email,
    country_code,
    pick(cities, draw(customer_id, 37)) AS city,
    CASE WHEN draw(customer_id, 38) < 0.09 THEN 'business' ELSE 'consumer' END AS segment,
    signed_up_at,
    CASE
        WHEN draw(customer_id, 39) < 0.8
            THEN (DATE '1946-01-01' + (draw(customer_id, 40) * 22000)::INTEGER)
    END AS birth_date,
    CASE
        WHEN draw(customer_id, 41) < 0.62 THEN true
        WHEN draw(customer_id, 41) < 0.9 THEN false
    END AS marketing_consent,
    CASE
        WHEN draw(customer_id, 42) < 0.5 THEN NULL
        WHEN draw(customer_id, 42) < 0.85 THEN ''
        ELSE 'REF-' || upper(to_hex((draw(customer_id, 43) * 1048576)::BIGINT))
    END AS referral_code,
    CASE
        WHEN customer_id % 97 = 0 THEN 'Ring twice, then "leave with neighbour"' || chr(10) || 'Gate code: ask'
        WHEN customer_id % 89 = 0 THEN 'Prefers e-mail, not phone 📧'
        WHEN customer_id % 83 = 0 THEN 'NA'
    END AS delivery_note,
    country_id,
    timezone
FROM placed
JOIN countries USING (country_id)
ORDER BY customer_id;
