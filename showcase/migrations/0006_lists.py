from __future__ import annotations

import string

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import migrations, models
from django.db.models import F, Func, Q, TextField, Value

MARKS, BLANKS = string.punctuation, " " * len(string.punctuation)
WORDS = Func(
    F("notes"), Value(MARKS), Value(BLANKS), function="translate", output_field=TextField()
)


class Migration(migrations.Migration):
    dependencies = [("showcase", "0005_former_names")]

    operations = [
        migrations.AddIndex(
            "run",
            models.Index(
                fields=["id"], include=["dataset", "requested_by", "scenario"], name="run_visible"
            ),
        ),
        migrations.AddIndex(
            "workspace",
            models.Index(
                fields=["run"],
                include=["pinned", "created_by"],
                condition=Q(archived=False),
                name="workspace_counted",
            ),
        ),
        migrations.AddIndex(
            "workspace",
            models.Index(fields=["-pinned", "-created_at", "-id"], name="workspace_in_admin"),
        ),
        migrations.AddIndex(
            "workspace",
            GinIndex(SearchVector(WORDS, config="simple"), name="workspace_note_words"),
        ),
    ]
