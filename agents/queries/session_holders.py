"""Why a version or a run is still needed: an agent works on it, or waits for people."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from agents.models import Session

# The kinds that a session points at, by the names of its fields.
HELD = ("dataset_version", "run")


def holders(kind: str, pk: int) -> Sequence[str]:
    """Return one sentence for each session that is not over."""
    if kind not in HELD:
        return ()
    found = Session.objects.undeleted().unfinished().filter(**{kind: pk})
    refs = found.order_by("pk").values_list("ref", flat=True)
    return [_("session %s of an agent is not over") % ref for ref in refs]
