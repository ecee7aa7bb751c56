from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_saved_views")]

    operations = [
        migrations.AlterModelOptions(
            name="signintries", options={"verbose_name_plural": "sign-in tries"}
        ),
    ]
