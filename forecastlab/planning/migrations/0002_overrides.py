from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# What went out and what was asked for stays as it is; it goes only with its dataset.
TABLES = (
    "planning_override",
    "planning_publication",
    "planning_publishedseries",
    "planning_publishedoverride",
)
FUNCTION = """
CREATE FUNCTION planning_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION '% is written once and never changed', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$body$;
"""
TRIGGERS = "".join(
    f"CREATE TRIGGER {table}_written_once BEFORE UPDATE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION planning_refuse_change();\n"
    for table in TABLES
)
NO_TRIGGERS = "".join(f"DROP TRIGGER {table}_written_once ON {table};\n" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("forecasting", "0008_kept_forecasts"),
        ("planning", "0001_plans"),
        ("warehouse", "0004_fill_series_profiles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Override",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("scope", models.JSONField()),
                ("first", models.CharField(max_length=16)),
                ("last", models.CharField(max_length=16)),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("each", "each"),
                            ("total", "total"),
                            ("percent", "percent"),
                            ("model", "model"),
                        ],
                        max_length=10,
                    ),
                ),
                ("amount", models.FloatField(null=True)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("promotion", "promotion"),
                            ("event", "event"),
                            ("price", "price"),
                            ("supply", "supply"),
                            ("assortment", "assortment"),
                            ("weather", "weather"),
                            ("model", "model"),
                            ("other", "other"),
                        ],
                        max_length=12,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                ("numbers", models.PositiveIntegerField()),
                (
                    "via",
                    models.CharField(
                        choices=[
                            ("form", "Form"),
                            ("grid", "Grid"),
                            ("file", "File"),
                            ("program", "Program"),
                        ],
                        max_length=8,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="overrides",
                        to="warehouse.dataset",
                    ),
                ),
                (
                    "issue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="overrides",
                        to="forecasting.forecastissue",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OverrideCell",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("period", models.CharField(max_length=16)),
                ("units", models.FloatField(null=True)),
                ("model", models.FloatField()),
                ("revision", models.PositiveIntegerField()),
                (
                    "dataset",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="warehouse.dataset",
                    ),
                ),
                (
                    "override",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cells",
                        to="planning.override",
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
            name="Publication",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("note", models.CharField(blank=True, max_length=500)),
                ("series_count", models.PositiveIntegerField()),
                ("numbers", models.PositiveIntegerField()),
                ("total", models.FloatField()),
                ("model_total", models.FloatField()),
                ("digest", models.CharField(max_length=64)),
                ("published_at", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="publications",
                        to="warehouse.dataset",
                    ),
                ),
                (
                    "issue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="publications",
                        to="forecasting.forecastissue",
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PublishedOverride",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("step", models.PositiveIntegerField()),
                (
                    "override",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="planning.override",
                    ),
                ),
                (
                    "publication",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="overridden",
                        to="planning.publication",
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
            name="PublishedSeries",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("model", models.CharField(max_length=60)),
                ("total", models.FloatField()),
                ("model_total", models.FloatField()),
                (
                    "yhat",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(), size=None
                    ),
                ),
                (
                    "model_yhat",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(), size=None
                    ),
                ),
                (
                    "publication",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="series",
                        to="planning.publication",
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
            name="Freeze",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("scope", models.JSONField()),
                ("first", models.CharField(max_length=16)),
                ("last", models.CharField(max_length=16)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("made_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="freezes",
                        to="warehouse.dataset",
                    ),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["dataset", "-id"], name="freeze_by_dataset")],
            },
        ),
        migrations.AddIndex(
            model_name="override",
            index=models.Index(fields=["dataset", "-id"], name="override_by_dataset"),
        ),
        migrations.AddConstraint(
            model_name="overridecell",
            constraint=models.UniqueConstraint(
                fields=("dataset", "period", "series"), name="override_cell_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="publication",
            constraint=models.UniqueConstraint(
                fields=("dataset", "number"), name="publication_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="publishedoverride",
            constraint=models.UniqueConstraint(
                fields=("publication", "series", "step"), name="published_override_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="publishedseries",
            constraint=models.UniqueConstraint(
                fields=("publication", "series"), name="published_series_once"
            ),
        ),
        migrations.RunSQL(
            FUNCTION + TRIGGERS, NO_TRIGGERS + "DROP FUNCTION planning_refuse_change();"
        ),
    ]
