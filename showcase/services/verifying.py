"""Whether bundles are still what was exported: files of this machine, and what is stored here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.utils.translation import gettext as _

from forecastlab.lib import artefacts, sweeps
from forecastlab.lib.errors import BadInput
from showcase.domain import bundle_verdicts, signatures
from showcase.domain.bundle_verdicts import Verdict
from showcase.models import Bundle
from showcase.services import signing

LOCK = "bundles.verify"
# How often each bundle is gone through, and how much at a time, in bytes.
EVERY, AT_ONCE = timedelta(days=1), 4 << 30


class FileUnreadable(BadInput):
    """The file cannot be read."""

    code = "file_unreadable"


def of_path(path: Path) -> Verdict:
    """Judge a file of this machine, without asking the database.

    Raises FileUnreadable, or NotABundle for what is no zip.
    """
    try:
        with path.open("rb") as stream:
            return bundle_verdicts.judge(stream)
    except OSError as error:
        message = _("'%(path)s' cannot be read: %(why)s.")
        told = {"path": path, "why": (error.strerror or str(error)).lower()}
        raise FileUnreadable(message % told, field="file") from error


def told(verdict: Verdict) -> dict[str, Any]:
    """Return what programs are told of a verdict."""
    return {
        "valid": verdict.valid,
        "missing": verdict.missing,
        "changed": verdict.changed,
        "extra": verdict.extra,
        "schema": verdict.schema,
        "signature": {
            "valid": verdict.is_signed,
            "key_id": verdict.key_id,
            "known": is_ours(verdict),
        },
        "problems": [
            {"code": one.code, "detail": one.message, "entry": one.entry}
            for one in verdict.problems
        ],
        "workspace": verdict.workspace,
        "files": verdict.files,
        "bytes": verdict.size,
    }


def is_ours(verdict: Verdict) -> bool:
    """Say whether this installation has signed the bundle; no key is made for the question."""
    has_key = settings.FORECASTLAB_SIGNING_KEY or _key_file().exists()
    if not verdict.is_signed or not has_key:
        return False
    return verdict.key_id == signatures.key_id(signing.public_key())


def _key_file() -> Path:
    return Path(settings.FORECASTLAB_HOME) / signing.KEY_FILE


# -- what is stored ------------------------------------------------------------------------------


def sweep(at: datetime, *, at_once: int = AT_ONCE) -> int:
    """Go through the bundles that were not looked at for a day, oldest first; return how many.

    Each in a transaction of its own, one process at a time; it stops after so many bytes, and the
    next one goes on.
    """
    looked_at, left = 0, at_once
    while (size := _check_next(at, at_most=left if looked_at else None)) is not None:
        looked_at, left = looked_at + 1, left - size
    return looked_at


def _check_next(at: datetime, *, at_most: int | None) -> int | None:
    """Look at the bundle that waits longest; return its size, None where there is nothing to do."""
    with sweeps.alone(LOCK) as first:
        due = Bundle.objects.filter(Q(checked_at=None) | Q(checked_at__lte=at - EVERY))
        bundle = due.order_by(F("checked_at").asc(nulls_first=True), "pk").first()
        if not first or bundle is None or (at_most is not None and bundle.size > at_most):
            return None
        check(bundle, at=at)
        return bundle.size


def check(bundle: Bundle, *, at: datetime) -> None:
    """Read a stored bundle again and keep what was found."""
    found = _of_stored(bundle)
    Bundle.objects.filter(pk=bundle.pk).update(checked_at=at, verdict=found)


def _of_stored(bundle: Bundle) -> Mapping[str, Any]:
    try:
        with artefacts.open(bundle.digest) as stream:
            verdict = bundle_verdicts.judge(stream)
        why = verdict.first_reason()
        reason = why.message if why else ""
        if not reason:
            artefacts.verify(bundle.digest)
    except (artefacts.ArtefactMissing, artefacts.ArtefactChanged, BadInput) as error:
        return {"valid": False, "reason": error.detail}
    except OSError as error:  # the next bundle is looked at all the same
        return {"valid": False, "reason": _("It cannot be read: %s") % error}
    return {"valid": not reason, "reason": reason}


def damaged() -> list[str]:
    """Return a sentence for every stored bundle that was found to be damaged."""
    bad = Bundle.objects.filter(verdict__valid=False).select_related("workspace").order_by("pk")
    message = _("Bundle %(n)s of '%(workspace)s' is damaged: %(why)s")
    return [
        message % {"n": one.pk, "workspace": one.workspace.name, "why": one.verdict["reason"]}
        for one in bad
        if one.verdict
    ]
