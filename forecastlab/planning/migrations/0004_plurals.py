from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("planning", "0003_keys_of_acts")]

    operations = [
        migrations.AlterModelOptions(
            name="publishedseries", options={"verbose_name_plural": "published series"}
        ),
    ]
