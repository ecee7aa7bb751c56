from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("forecasting", "0004_without_forecast"),
        ("warehouse", "0004_fill_series_profiles"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="champion",
            index=models.Index(
                models.F("backtest"),
                models.OrderBy(models.F("value"), descending=True, nulls_last=True),
                name="champion_by_value",
            ),
        ),
    ]
