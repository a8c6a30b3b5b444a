CREATE TABLE employees AS
WITH hired AS (
    SELECT n + 1 AS employee_id,
        pick(['Sales', 'Sales', 'Sales', 'Logistics', 'Logistics', 'Support', 'Finance', 'IT'],
            draw(n, 131)) AS department,
        (getvariable('first_day') - 2400 + (n * 3000 // getvariable('employees'))::INTEGER)::DATE AS hired_on
    FROM range(getvariable('employees')) AS t(n)
)
SELECT employee_id,
    pick(['Adéla', 'Ben', 'Carla', 'Dirk', 'Elina', 'Femi', 'Grace', 'Hana', 'Ivo', 'Joost'],
        draw(employee_id, 132)) AS first_name,
    pick(['Abel', 'Brandt', 'Černá', 'Dijkstra', 'Evans', 'Fiala', 'Górski', 'Haufiku'],
        draw(employee_id, 133)) AS last_name,
    'employee' || employee_id || '@juniper-lane.example' AS email,
    CASE WHEN department = 'Sales' THEN 1 + floor(28 * draw(employee_id, 134))::BIGINT END AS store_id,
    department,
    CASE WHEN employee_id <= 8 THEN 'Head' WHEN draw(employee_id, 135) < 0.25 THEN 'Senior' ELSE 'Associate' END
        AS job_level,
    CASE WHEN employee_id > 8 THEN 1 + floor(8 * draw(employee_id, 136))::BIGINT END AS manager_id,
    hired_on,
    CASE
        WHEN employee_id > 8 AND draw(employee_id, 137) < 0.12 AND hired_on < getvariable('first_day')
            THEN (getvariable('first_day') + (draw(employee_id, 138) * 700)::INTEGER)::DATE
    END AS left_on
FROM hired
ORDER BY employee_id;

CREATE TABLE salaries AS
WITH steps AS (
    SELECT *, unnest(range(0, 3)) AS step FROM employees
),
dated AS (
    SELECT *,
        CASE WHEN step = 0 THEN hired_on
            ELSE make_date(year(getvariable('first_day')) + step, 1, 1) END AS valid_from
    FROM steps
)
SELECT employee_id,
    valid_from,
    lead(valid_from) OVER (PARTITION BY employee_id ORDER BY valid_from) - 1 AS valid_to,
    money((2600000 + draw(employee_id, 141) * 2900000
        + CASE job_level WHEN 'Head' THEN 4800000 WHEN 'Senior' THEN 1500000 ELSE 0 END
    )::BIGINT * (100 + 4 * step) // 100) AS annual_salary,
    CASE WHEN job_level <> 'Associate' THEN (0.05 + 0.1 * draw(employee_id, 142))::DECIMAL(5, 4) END AS bonus_rate
FROM dated
WHERE valid_from >= hired_on
    AND (step = 0 OR hired_on < valid_from)
    AND (left_on IS NULL OR valid_from <= left_on)
    AND valid_from < getvariable('today')
ORDER BY employee_id, valid_from;
