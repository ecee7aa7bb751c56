from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# No foreign keys: two look-ups for each of millions of rows would double the time of a load, and
# a partition is dropped in one piece with the version it belongs to.
FACTS = """
CREATE TABLE warehouse_salesfact (
    version_id bigint NOT NULL,
    series_id bigint NOT NULL,
    t integer NOT NULL,
    quantity double precision,
    price double precision,
    discount real,
    promo real,
    open real,
    stockout_share real,
    stock real,
    holiday real,
    held_back boolean NOT NULL DEFAULT false,
    signals real[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (version_id, series_id, t)
) PARTITION BY LIST (version_id);

CREATE FUNCTION warehouse_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'sales facts are append-only: load a new version instead'
        USING ERRCODE = 'restrict_violation';
END
$body$;

CREATE TRIGGER warehouse_salesfact_append_only
    BEFORE UPDATE OR DELETE ON warehouse_salesfact
    FOR EACH ROW EXECUTE FUNCTION warehouse_refuse_change();
"""
NO_FACTS = """
DROP TABLE warehouse_salesfact;
DROP FUNCTION warehouse_refuse_change();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SalesFact",
            fields=[
                ("version_id", models.BigIntegerField()),
                ("series_id", models.BigIntegerField()),
                ("t", models.IntegerField()),
                ("quantity", models.FloatField(null=True)),
                ("price", models.FloatField(null=True)),
                ("discount", models.FloatField(null=True)),
                ("promo", models.FloatField(null=True)),
                ("open", models.FloatField(null=True)),
                ("stockout_share", models.FloatField(null=True)),
                ("stock", models.FloatField(null=True)),
                ("holiday", models.FloatField(null=True)),
                ("held_back", models.BooleanField(default=False)),
                (
                    "signals",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(null=True), default=list, size=None
                    ),
                ),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "version_id",
                        "series_id",
                        "t",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
            options={
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Dataset",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.SlugField(max_length=100, unique=True)),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("readers", models.ManyToManyField(blank=True, related_name="+", to="auth.group")),
            ],
        ),
        migrations.CreateModel(
            name="DatasetVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "source",
                    models.CharField(
                        choices=[("import", "Import"), ("simulation", "Simulation")], max_length=10
                    ),
                ),
                ("content_hash", models.CharField(max_length=64)),
                (
                    "frequency",
                    models.CharField(
                        choices=[
                            ("H", "hour"),
                            ("D", "day"),
                            ("W", "week"),
                            ("M", "month"),
                            ("Q", "quarter"),
                            ("Y", "year"),
                        ],
                        max_length=1,
                    ),
                ),
                ("epoch", models.DateTimeField(null=True)),
                ("month_day", models.PositiveSmallIntegerField(default=1)),
                ("periods", models.PositiveIntegerField()),
                ("rows", models.PositiveBigIntegerField()),
                ("series_count", models.PositiveIntegerField()),
                ("config", models.JSONField(default=dict)),
                ("profile", models.JSONField(default=dict)),
                ("truth", models.CharField(max_length=64, null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="warehouse.dataset",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ImportReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("job_id", models.BigIntegerField(unique=True)),
                ("dataset_name", models.CharField(max_length=100)),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("loaded", "Loaded"),
                            ("unchanged", "Unchanged"),
                            ("refused", "Refused"),
                        ],
                        max_length=10,
                    ),
                ),
                ("file_name", models.CharField(max_length=255)),
                ("options", models.JSONField(default=dict)),
                ("problems", models.JSONField(default=list)),
                ("figures", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="reports",
                        to="warehouse.datasetversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=200)),
                ("attributes", models.JSONField(default=dict)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="products",
                        to="warehouse.dataset",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Signal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=100)),
                ("known", models.BooleanField()),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="signals",
                        to="warehouse.datasetversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Store",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=200)),
                ("attributes", models.JSONField(default=dict)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stores",
                        to="warehouse.dataset",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Series",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("unique_id", models.CharField(max_length=401)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="series",
                        to="warehouse.dataset",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="series",
                        to="warehouse.product",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="series",
                        to="warehouse.store",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "series",
            },
        ),
        migrations.AddConstraint(
            model_name="datasetversion",
            constraint=models.UniqueConstraint(
                fields=("dataset", "number"), name="warehouse_version_number_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(
                fields=("dataset", "code"), name="warehouse_product_code_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="signal",
            constraint=models.UniqueConstraint(
                fields=("version", "position"), name="warehouse_signal_position_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="signal",
            constraint=models.UniqueConstraint(
                fields=("version", "name"), name="warehouse_signal_name_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="store",
            constraint=models.UniqueConstraint(
                fields=("dataset", "code"), name="warehouse_store_code_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="series",
            constraint=models.UniqueConstraint(
                fields=("dataset", "unique_id"), name="warehouse_series_unique_id_unique"
            ),
        ),
        migrations.RunSQL(FACTS, NO_FACTS),
    ]
