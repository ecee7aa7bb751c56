from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("warehouse", "0001_warehouse"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Backtest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=100, unique=True)),
                ("config", models.JSONField()),
                ("config_hash", models.CharField(max_length=64)),
                ("horizon", models.PositiveIntegerField()),
                ("metric", models.CharField(max_length=20)),
                ("best_model", models.CharField(max_length=60)),
                ("default_policy", models.CharField(max_length=60)),
                ("judged", models.PositiveIntegerField()),
                ("skipped", models.JSONField(default=list)),
                ("result", models.JSONField()),
                ("forecasts", models.CharField(max_length=64)),
                ("serving", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="backtests",
                        to="warehouse.datasetversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Champion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("model", models.CharField(max_length=60)),
                ("metric", models.CharField(max_length=20)),
                ("value", models.FloatField(null=True)),
                ("margin", models.FloatField(null=True)),
                ("points", models.PositiveIntegerField()),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("default", "Default"),
                            ("switched", "Switched"),
                            ("not_judged", "Not Judged"),
                        ],
                        max_length=12,
                    ),
                ),
                ("score", models.FloatField(null=True)),
                ("runner_up", models.CharField(blank=True, max_length=60)),
                (
                    "judged",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(), size=None
                    ),
                ),
                (
                    "backtest",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="champions",
                        to="forecasting.backtest",
                    ),
                ),
                (
                    "series",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="warehouse.series",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ForecastIssue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=100, unique=True)),
                ("alias", models.CharField(max_length=140)),
                ("origin", models.IntegerField()),
                ("horizon", models.PositiveIntegerField()),
                ("series_count", models.PositiveIntegerField()),
                ("champions", models.JSONField()),
                ("created_at", models.DateTimeField()),
                (
                    "backtest",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="issues",
                        to="forecasting.backtest",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="issues",
                        to="warehouse.datasetversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Forecast",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("model", models.CharField(max_length=60)),
                ("total", models.FloatField()),
                ("total_low", models.FloatField()),
                ("total_high", models.FloatField()),
                ("wape", models.FloatField(null=True)),
                (
                    "yhat",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(), size=None
                    ),
                ),
                (
                    "lo80",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(), size=None
                    ),
                ),
                (
                    "hi80",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(), size=None
                    ),
                ),
                (
                    "lo95",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(), size=None
                    ),
                ),
                (
                    "hi95",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(), size=None
                    ),
                ),
                (
                    "series",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="forecasts",
                        to="warehouse.series",
                    ),
                ),
                (
                    "issue",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="forecasts",
                        to="forecasting.forecastissue",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ModelRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("model", models.CharField(max_length=60)),
                ("config", models.JSONField()),
                ("config_hash", models.CharField(max_length=64)),
                ("software", models.JSONField()),
                ("window", models.JSONField()),
                ("metrics", models.JSONField()),
                ("series_count", models.PositiveIntegerField()),
                ("artefact", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                (
                    "backtest",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="model_runs",
                        to="forecasting.backtest",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="model_runs",
                        to="warehouse.datasetversion",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="forecastissue",
            name="model_run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="issues",
                to="forecasting.modelrun",
            ),
        ),
        migrations.CreateModel(
            name="Alias",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=140, unique=True)),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "model_run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="aliases",
                        to="forecasting.modelrun",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SeriesScore",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("model", models.CharField(max_length=60)),
                ("points", models.PositiveIntegerField()),
                ("wape", models.FloatField(null=True)),
                ("bias", models.FloatField(null=True)),
                ("mase", models.FloatField(null=True)),
                ("rmsse", models.FloatField(null=True)),
                ("smape", models.FloatField(null=True)),
                ("mae", models.FloatField(null=True)),
                ("rmse", models.FloatField(null=True)),
                (
                    "backtest",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scores",
                        to="forecasting.backtest",
                    ),
                ),
                (
                    "series",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="warehouse.series",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="backtest",
            index=models.Index(fields=["version", "-id"], name="backtest_by_version"),
        ),
        migrations.AddConstraint(
            model_name="champion",
            constraint=models.UniqueConstraint(fields=("backtest", "series"), name="champion_once"),
        ),
        migrations.AddIndex(
            model_name="forecast",
            index=models.Index(fields=["issue", "total"], name="forecast_by_total"),
        ),
        migrations.AddIndex(
            model_name="forecast",
            index=models.Index(fields=["issue", "wape"], name="forecast_by_wape"),
        ),
        migrations.AddConstraint(
            model_name="forecast",
            constraint=models.UniqueConstraint(fields=("issue", "series"), name="forecast_once"),
        ),
        migrations.AddIndex(
            model_name="modelrun",
            index=models.Index(fields=["version", "-id"], name="model_run_by_version"),
        ),
        migrations.AddConstraint(
            model_name="modelrun",
            constraint=models.UniqueConstraint(fields=("backtest", "model"), name="model_run_once"),
        ),
        migrations.AddIndex(
            model_name="forecastissue",
            index=models.Index(fields=["version", "-id"], name="issue_by_version"),
        ),
        migrations.AddConstraint(
            model_name="seriesscore",
            constraint=models.UniqueConstraint(
                fields=("backtest", "series", "model"), name="score_once"
            ),
        ),
    ]
