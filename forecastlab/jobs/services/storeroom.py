"""Emptying the artefact store of what no row refers to."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from forecastlab.lib import artefacts, registry, sweeps
from forecastlab.lib.contributions import ArtefactReferrer

logger = logging.getLogger(__name__)

LOCK = "artefacts.sweep"
# Longer than any job: between bytes that are stored and the row that names them lies a step.
KEPT = timedelta(days=1)


def sweep(at: datetime) -> int:
    """Delete artefacts older than a day that no row refers to; return how many.

    What is old is listed before rows are asked, so a row that comes meanwhile was asked; bytes
    that were stored once more meanwhile are new again and stay.
    """
    limit = at - KEPT
    with sweeps.alone(LOCK) as first:
        if not first:
            return 0
        old = artefacts.untouched_since(limit)
        needed = referred() if old else set()
        orphans = [one for one in old if one not in needed]
        sizes = [artefacts.discard_untouched(one, limit) for one in orphans]
        drafts = artefacts.discard_drafts(limit)
    if orphans or drafts:
        logger.info("Swept %s artefacts, %s bytes, %s drafts", len(orphans), sum(sizes), drafts)
    return len(orphans)


def referred() -> set[str]:
    """Return the digests that rows of any app refer to."""
    referrers = registry.contributed("referrers", ArtefactReferrer)
    return {digest for _, one in referrers for digest in one.digests() if digest}
