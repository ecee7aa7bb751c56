from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("forecasting", "0007_batches"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptForecast",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("model", models.CharField(max_length=60)),
                ("artefact", models.CharField(db_index=True, max_length=64)),
                ("size", models.PositiveBigIntegerField()),
                ("used_at", models.DateTimeField()),
            ],
        ),
    ]
