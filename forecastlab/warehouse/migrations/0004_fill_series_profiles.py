from __future__ import annotations

from django.db import migrations

# What loading says of each series since 0002, said of the versions that were loaded before.
FILL = """
INSERT INTO warehouse_seriesprofile (
    version_id, series_id, unique_id, rows, first, last, gaps, zeros, unknown, negative,
    stockouts, outliers, quantity, variation, constant, line
)
WITH fences AS (
    SELECT version_id, series_id, count(*) AS sold,
        percentile_disc(0.75) WITHIN GROUP (ORDER BY quantity) AS upper,
        percentile_disc(0.25) WITHIN GROUP (ORDER BY quantity) AS lower
    FROM warehouse_salesfact WHERE quantity > 0 GROUP BY version_id, series_id
),
counted AS (
    SELECT f.version_id, f.series_id, count(*) AS rows, min(t) AS first, max(t) AS last,
        max(t) - min(t) + 1 - count(*) AS gaps,
        count(*) FILTER (WHERE quantity = 0) AS zeros,
        count(*) FILTER (WHERE quantity IS NULL) AS unknown,
        count(*) FILTER (WHERE quantity < 0) AS negative,
        count(*) FILTER (WHERE stockout_share > 0) AS stockouts,
        count(*) FILTER (
            WHERE sold >= 8 AND upper > lower AND quantity > upper + 3 * (upper - lower)
        ) AS outliers,
        coalesce(sum(quantity), 0) AS quantity,
        CASE WHEN avg(quantity) > 0 THEN stddev_pop(quantity) / avg(quantity) END AS variation,
        coalesce(min(quantity) = max(quantity), true) AS constant
    FROM warehouse_salesfact f
    LEFT JOIN fences USING (version_id, series_id)
    GROUP BY f.version_id, f.series_id
),
means AS (
    SELECT f.version_id, series_id,
        t::bigint * least(48, v.periods) / v.periods AS place, avg(quantity) AS mean
    FROM warehouse_salesfact f JOIN warehouse_datasetversion v ON v.id = f.version_id
    GROUP BY f.version_id, series_id, place
),
lines AS (
    SELECT version_id, series_id, array_agg(mean ORDER BY place) AS line
    FROM (
        SELECT version_id, series_id, place
        FROM counted
        JOIN warehouse_datasetversion v ON v.id = version_id
        CROSS JOIN LATERAL generate_series(0, least(48, v.periods) - 1) AS places(place)
    ) places
    LEFT JOIN means USING (version_id, series_id, place)
    GROUP BY version_id, series_id
)
SELECT c.version_id, c.series_id, s.unique_id, c.rows, c.first, c.last, c.gaps, c.zeros,
    c.unknown, c.negative, c.stockouts, c.outliers, c.quantity, c.variation, c.constant, line
FROM counted c
JOIN warehouse_series s ON s.id = c.series_id
JOIN lines USING (version_id, series_id)
ON CONFLICT (version_id, series_id) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("warehouse", "0003_dataset_names"),
    ]

    operations = [
        migrations.RunSQL(FILL, reverse_sql=migrations.RunSQL.noop, elidable=True),
    ]
