from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("forecasting", "0002_alias_per_dataset")]

    operations = [
        migrations.AddField("forecastissue", "without_plan", models.BooleanField(default=False)),
        migrations.AlterField(
            "champion",
            "reason",
            models.CharField(
                choices=[
                    ("default", "Default"),
                    ("switched", "Switched"),
                    ("group", "Group"),
                    ("series", "Series"),
                    ("not_judged", "Not Judged"),
                ],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="SliceScore",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("model", models.CharField(max_length=60)),
                (
                    "by",
                    models.CharField(
                        choices=[
                            ("fold", "Fold"),
                            ("horizon", "Horizon"),
                            ("step", "Step"),
                            ("store", "Store"),
                            ("category", "Category"),
                            ("volume", "Volume"),
                        ],
                        max_length=10,
                    ),
                ),
                ("key", models.TextField()),
                ("place", models.PositiveIntegerField()),
                ("series", models.PositiveIntegerField()),
                ("points", models.PositiveBigIntegerField()),
                ("wape", models.FloatField(null=True)),
                ("mase", models.FloatField(null=True)),
                ("rmsse", models.FloatField(null=True)),
                ("bias", models.FloatField(null=True)),
                (
                    "backtest",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="slices",
                        to="forecasting.backtest",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("backtest", "by", "place", "model"), name="slice_score_once"
                    )
                ],
            },
        ),
    ]
