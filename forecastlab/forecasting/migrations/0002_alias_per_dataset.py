from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def dataset_of_run(apps, schema_editor):
    alias = apps.get_model("forecasting", "Alias")
    run = apps.get_model("forecasting", "ModelRun").objects.filter(pk=OuterRef("model_run"))
    alias.objects.update(dataset=Subquery(run.values("version__dataset")))


def _dataset(**options):
    return models.ForeignKey(
        "warehouse.Dataset",
        on_delete=django.db.models.deletion.CASCADE,
        related_name="aliases",
        db_index=False,
        **options,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("forecasting", "0001_forecasting"),
        ("warehouse", "0001_warehouse"),
    ]

    operations = [
        migrations.AddField("alias", "dataset", _dataset(null=True)),
        migrations.RunPython(dataset_of_run, migrations.RunPython.noop, elidable=True),
        migrations.AlterField("alias", "dataset", _dataset()),
        migrations.AlterField("alias", "name", models.CharField(max_length=140)),
        migrations.AddConstraint(
            "alias",
            models.UniqueConstraint(fields=["dataset", "name"], name="alias_once_per_dataset"),
        ),
    ]
