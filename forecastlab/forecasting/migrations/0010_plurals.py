from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("forecasting", "0009_alias_restricts")]

    operations = [
        migrations.AlterModelOptions(name="alias", options={"verbose_name_plural": "aliases"}),
        migrations.AlterModelOptions(name="batch", options={"verbose_name_plural": "batches"}),
    ]
