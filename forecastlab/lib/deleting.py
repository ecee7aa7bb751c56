"""Deleting rows and telling, table by table, what went with them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from django.db import connection
from django.db.models import QuerySet

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def delete(rows: QuerySet[Any]) -> Counter[str]:
    """Delete rows and what hangs on them; return how many of each table, such as `job_step`.

    What still points at one of them stops it at once, and not at the end of the transaction.
    Raises IntegrityError; belongs in a transaction.
    """
    _total, by_label = rows.delete()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return Counter({table(label): count for label, count in by_label.items() if count})


def table(label: str) -> str:
    """Return what a model is called where rows are counted: `jobs.JobStep` is `job_step`."""
    return _CAPITAL.sub("_", label.rpartition(".")[2]).lower()
