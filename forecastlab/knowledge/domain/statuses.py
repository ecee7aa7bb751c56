"""The life of a document as a table; docs/reference/states.md is made from it."""

from __future__ import annotations

from enum import StrEnum

from forecastlab.lib.moves import Table


class DocumentStatus(StrEnum):
    QUEUED = "queued"
    INDEXED = "indexed"
    FAILED = "failed"


# While one that was indexed is queued again, the chunks of before still answer.
DOCUMENT: Table[DocumentStatus] = {
    DocumentStatus.QUEUED: {
        "index": DocumentStatus.INDEXED,
        "fail": DocumentStatus.FAILED,
    },
    DocumentStatus.INDEXED: {"queue": DocumentStatus.QUEUED},
    DocumentStatus.FAILED: {"queue": DocumentStatus.QUEUED},
}

TABLES = {"Document": DOCUMENT}
