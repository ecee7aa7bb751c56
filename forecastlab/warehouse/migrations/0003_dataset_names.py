from __future__ import annotations

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

NUMBERED = """
UPDATE warehouse_dataset d SET last_number = v.last
FROM (
    SELECT dataset_id, max(number) AS last FROM warehouse_datasetversion GROUP BY dataset_id
) v
WHERE v.dataset_id = d.id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("warehouse", "0002_series_profiles_calendar_and_profiles"),
    ]

    operations = [
        migrations.AddField(
            model_name="dataset",
            name="former_names",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=100), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="dataset",
            name="last_number",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name="dataset",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["former_names"], name="dataset_former_names"
            ),
        ),
        migrations.RunSQL(NUMBERED, migrations.RunSQL.noop),
    ]
