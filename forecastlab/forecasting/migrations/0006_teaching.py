from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# What registering says of each model run since this migration, said of those that were there.
FILL = """
UPDATE forecasting_modelrun SET frame_version = (config -> 'learnt' ->> 'frame_version')::smallint
WHERE config -> 'learnt' ? 'frame_version'
"""


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("forecasting", "0005_champion_by_value"),
    ]

    operations = [
        migrations.AddField(
            model_name="backtest",
            name="teaching",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="modelrun",
            name="frame_version",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="modelrun",
            name="teaching",
            field=models.BooleanField(default=False),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop, elidable=True),
        migrations.CreateModel(
            name="Promotion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("gates", models.JSONField(default=list)),
                ("acknowledged", models.JSONField(default=list)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("teaching", models.BooleanField(default=False)),
                ("key", models.CharField(blank=True, default="", max_length=100)),
                ("ended_at", models.DateTimeField(null=True)),
                ("restored", models.BooleanField(default=False)),
                ("promoted_at", models.DateTimeField()),
                (
                    "alias",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="promotions",
                        to="forecasting.alias",
                    ),
                ),
                (
                    "before",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="forecasting.modelrun",
                    ),
                ),
                (
                    "after",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="forecasting.modelrun",
                    ),
                ),
                (
                    "promoted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("key", ""), _negated=True),
                        fields=("key",),
                        name="promotion_once_by_key",
                    )
                ],
            },
        ),
    ]
