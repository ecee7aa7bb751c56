from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0003_checkpoints"),
    ]

    operations = [
        migrations.AddField(
            model_name="actionpolicy",
            name="value_limit",
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="approval",
            name="notifies",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="approval",
            name="preview",
            field=models.JSONField(default=list),
        ),
        migrations.AlterField(
            model_name="costentry",
            name="money",
            field=models.DecimalField(decimal_places=6, default=0, max_digits=12, null=True),
        ),
    ]
