"""Workspaces as JSON: what commands print and the API answers."""

from __future__ import annotations

from typing import Any

from forecastlab.accounts.models import User
from showcase.domain.workspaces import SLOTS
from showcase.models import Workspace
from showcase.queries import lineage

PLAIN = (
    "key",
    "tags",
    "pinned",
    "archived",
    "version",
    "created_at",
    "updated_at",
)


def short(kept: Workspace) -> dict[str, Any]:
    """One item of a list of workspaces."""
    run = kept.run
    return {
        "workspace": kept.name,
        **{name: getattr(kept, name) for name in PLAIN},
        "run": run.pk,
        "status": run.status,
        "scenario": run.scenario or None,
        "dataset": run.version.ref if run.version else None,
        "winner": run.winner or None,
        "winner_wape": run.winner_wape,
        "seconds": run.seconds,
        "kept_by": kept.created_by.get_username() if kept.created_by else None,
        "replayed_from": kept.replayed_from or None,
        "replay_mode": kept.replay_mode or None,
        "reproduced": (kept.reproduction or {}).get("reproduced"),
    }


def whole(kept: Workspace, *, viewer: User) -> dict[str, Any]:
    """A workspace with its notes, its config, its lineage and its story."""
    run = kept.run
    return {
        **short(kept),
        "notes": kept.notes,
        "config_schema_version": kept.config_schema_version,
        "config": run.config,
        "config_hash": run.config_hash,
        "content_hash": run.content_hash or None,
        "result": run.result,
        "family": kept.family,
        "ancestors": lineage.ancestors(kept, viewer=viewer),
        "reproduction": kept.reproduction,
        "origin": kept.origin,
        "story": {name: getattr(kept, name) for name in SLOTS},
    }
