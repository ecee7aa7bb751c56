"""Why a version or a run is still needed: an agent works on it, or waits for people."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from agents.models import Session

HELD_BY = {"dataset_version": "dataset_version", "run": "run"}


def holders(kind: str, pk: int) -> Sequence[str]:
    """Return one sentence for each session that is not over."""
    if kind not in HELD_BY:
        return ()
    found = Session.objects.undeleted().unfinished().filter(**{HELD_BY[kind]: pk})
    refs = found.order_by("pk").values_list("ref", flat=True)
    return [_("session %s of an agent is not over") % ref for ref in refs]
