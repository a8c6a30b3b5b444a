CREATE TABLE stores AS
SELECT row_number() OVER (ORDER BY country_id, city) AS store_id,
    'Juniper Lane ' || city AS name,
    city,
    country_code,
    timezone,
    CASE WHEN country_code = 'NA' THEN '08:00:00' ELSE '09:00:00' END AS opens_at,
    (DATE '2012-03-01' + (draw(country_id * 10 + length(city), 1) * 3900)::INTEGER) AS opened_on,
    CASE WHEN city = 'Glasgow' THEN (getvariable('first_day') + 400)::DATE END AS closed_on,
    (280 + draw(country_id * 10 + length(city), 2) * 1400)::INTEGER AS square_metres,
    country_id
FROM (SELECT *, unnest(cities) AS city FROM countries)
ORDER BY store_id;
