from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("forecasting", "0003_slices"),
    ]

    operations = [
        migrations.AddField(
            model_name="forecastissue",
            name="without_forecast",
            field=models.JSONField(default=list),
        ),
    ]
