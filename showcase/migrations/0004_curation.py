from __future__ import annotations

import secrets
from typing import Any

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

EARLIER = 1


def curate_what_is_kept(apps: Any, schema_editor: Any) -> None:
    """Give workspaces from before keys of their own; they keep the number of their slots."""
    kept = apps.get_model("showcase", "Workspace").objects
    for pk in kept.order_by("pk").values_list("pk", flat=True):
        key = secrets.token_hex(16)
        kept.filter(pk=pk).update(
            key=key, family=key, updated_at=F("created_at"), config_schema_version=EARLIER
        )


def _made() -> tuple[str, Any]:
    pk = models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )
    return ("id", pk)


def _owner() -> Any:
    return models.ForeignKey(
        null=True,
        on_delete=django.db.models.deletion.SET_NULL,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


def _key(**options: Any) -> Any:
    return models.CharField(max_length=32, unique=True, editable=False, **options)


def _family(**options: Any) -> Any:
    return models.CharField(max_length=32, db_index=True, **options)


def _tags() -> Any:
    one = models.CharField(max_length=40)
    return django.contrib.postgres.fields.ArrayField(
        base_field=one, blank=True, default=list, size=20
    )


def _mode() -> Any:
    return models.CharField(
        blank=True,
        choices=[("exact", "Exact"), ("fresh", "Fresh"), ("modified", "Modified")],
        default="",
        max_length=8,
    )


SLOTS = (
    "seed_overrides",
    "user_scope",
    "approval_events",
    "knowledge_events",
    "job_ids",
    "phase_summaries",
)
FIELDS = {
    "key": _key(null=True),
    "notes": models.TextField(blank=True, default="", max_length=10_000),
    "tags": _tags(),
    "pinned": models.BooleanField(default=False),
    "archived": models.BooleanField(default=False),
    "version": models.PositiveIntegerField(default=1),
    "config_schema_version": models.PositiveSmallIntegerField(default=2),
    "updated_at": models.DateTimeField(null=True),
    "replayed_from": models.CharField(blank=True, default="", max_length=32, db_index=True),
    "replay_mode": _mode(),
    "family": _family(null=True),
    "ancestors": models.JSONField(blank=True, default=list),
    "reproduction": models.JSONField(blank=True, null=True),
    "origin": models.JSONField(blank=True, null=True),
    **{name: models.JSONField(blank=True, null=True) for name in SLOTS},
}


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0002_step_logs"),
        ("showcase", "0003_steps_taken_over"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        *(migrations.AddField("workspace", name, field) for name, field in FIELDS.items()),
        migrations.RunPython(curate_what_is_kept, migrations.RunPython.noop, elidable=True),
        migrations.AlterField("workspace", "key", _key()),
        migrations.AlterField("workspace", "family", _family()),
        migrations.AlterField("workspace", "updated_at", models.DateTimeField()),
        migrations.AddIndex(
            "workspace",
            django.contrib.postgres.indexes.GinIndex(fields=["tags"], name="workspace_tags"),
        ),
        migrations.AddIndex(
            "workspace",
            models.Index(
                fields=["archived", "-pinned", "-created_at", "-id"], name="workspace_newest"
            ),
        ),
        migrations.AddIndex(
            "workspace",
            models.Index(fields=["archived", "-pinned", "name"], name="workspace_by_name"),
        ),
        migrations.AddConstraint(
            "workspace",
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(family=""), name="workspace_has_name_and_family"
            ),
        ),
        migrations.CreateModel(
            "Bundle",
            fields=[
                _made(),
                ("digest", models.CharField(max_length=64, db_index=True)),
                ("size", models.PositiveBigIntegerField()),
                ("seq", models.PositiveBigIntegerField(default=0)),
                ("contents", models.JSONField(blank=True, default=dict)),
                ("files", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("verdict", models.JSONField(blank=True, null=True)),
                ("created_by", _owner()),
                (
                    "job",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="bundles",
                        to="jobs.job",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bundles",
                        to="showcase.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "-created_at"], name="bundle_newest")]
            },
        ),
        migrations.CreateModel(
            "ResetToken",
            fields=[
                _made(),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("listing", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="showcase.workspace",
                    ),
                ),
            ],
        ),
    ]
