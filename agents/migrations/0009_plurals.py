from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("agents", "0008_known_statuses")]

    operations = [
        migrations.AlterModelOptions(
            name="costentry", options={"verbose_name_plural": "cost entries"}
        ),
    ]
