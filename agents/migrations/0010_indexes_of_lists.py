from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0009_plurals")]

    operations = [
        migrations.RemoveIndex(model_name="session", name="session_open_by_dedupe"),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                condition=models.Q(("finished_at", None)),
                fields=["dedupe_key"],
                name="session_unfinished",
            ),
        ),
        migrations.AddIndex(
            model_name="invocation",
            index=models.Index(
                condition=models.Q(("status", "unknown")),
                fields=["id"],
                name="invocation_unknown",
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("lane__in", ["inline", "review"])),
                fields=["-id"],
                name="approval_asked",
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("notifies", True)), fields=["-id"], name="approval_told"
            ),
        ),
    ]
