-- The same seed, the same bytes: everything random comes from draw(), integer arithmetic on
-- (row, column), and every table is written in the order of its key.
SET TimeZone = 'UTC';
-- DuckDB draws a bar on standard output whenever a statement takes two seconds.
SET enable_progress_bar = false;

CREATE MACRO mix(x) AS (xor(x, x >> 16) * 73244475) & 4294967295;
CREATE MACRO draw(row_id, salt) AS
    mix(mix(mix((row_id * 2654435761 + salt * 40503 + 20261101) & 4294967295))) / 4294967296.0;
CREATE MACRO pick(choices, u) AS choices[1 + floor(u * len(choices))::BIGINT];
CREATE MACRO money(cents) AS (cents::DECIMAL(16, 0) * 0.01)::DECIMAL(12, 2);
CREATE MACRO instant(ts) AS strftime(ts, '%Y-%m-%dT%H:%M:%S.%gZ');

-- Each trading day carries its share of two years' orders: growth, season, weekday, late-November rush.
CREATE TABLE days AS
WITH calendar AS (
    SELECT n AS day_no,
        (getvariable('first_day') + n::INTEGER)::DATE AS day
    FROM range(getvariable('days')) AS t(n)
),
weights AS (
    SELECT day_no,
        day,
        (1000 + 650 * day_no // getvariable('days'))
        * [88, 85, 94, 98, 101, 97, 90, 92, 100, 104, 128, 146][month(day)]
        * [95, 92, 94, 98, 112, 121, 88][isodow(day)]
        * CASE WHEN month(day) = 11 AND day(day) BETWEEN 24 AND 30 THEN 17 ELSE 10 END AS weight
    FROM calendar
)
SELECT day_no,
    day,
    sum(weight) OVER (ORDER BY day_no) - weight AS before,
    sum(weight) OVER (ORDER BY day_no) AS through,
    sum(weight) OVER () AS total
FROM weights
ORDER BY day_no;

CREATE TABLE countries AS
SELECT * FROM (VALUES
    (1, 'CZ', 'Europe/Prague', ['Praha', 'Brno', 'Ostrava', 'Plzeň']),
    (2, 'DE', 'Europe/Berlin', ['Berlin', 'München', 'Leipzig', 'Köln']),
    (3, 'AT', 'Europe/Vienna', ['Wien', 'Graz', 'Linz']),
    (4, 'PL', 'Europe/Warsaw', ['Warszawa', 'Kraków', 'Łódź', 'Gdańsk']),
    (5, 'SK', 'Europe/Bratislava', ['Bratislava', 'Košice', 'Žilina']),
    (6, 'GB', 'Europe/London', ['London', 'Leeds', 'Bristol', 'Glasgow']),
    (7, 'NL', 'Europe/Amsterdam', ['Amsterdam', 'Utrecht', '''s-Hertogenbosch']),
    (8, 'NA', 'Africa/Windhoek', ['Windhoek', 'Swakopmund', 'Walvis Bay'])
) AS t(country_id, country_code, timezone, cities);
