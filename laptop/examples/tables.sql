-- Every table of the last sync, what it is, and its columns.
WITH columns AS (
    SELECT table_name AS name, list(column_name || ' ' || data_type ORDER BY column_index) AS columns
    FROM duckdb_columns()
    GROUP BY ALL
)
SELECT name, comment AS description, columns
FROM (SELECT view_name AS name, comment FROM duckdb_views() WHERE NOT internal)
JOIN columns USING (name)
ORDER BY name;
