from __future__ import annotations

from django.db import DatabaseError

from forecastlab.knowledge.models import Document
from forecastlab.lib.contributions import HealthCheck


def _own_documents() -> str:
    """Say which documents of the program could not be indexed."""
    own = Document.objects.filter(source=Document.Source.DOCS)
    failed = own.filter(status=Document.Status.FAILED).order_by("path")
    try:
        paths = list(failed.values_list("path", flat=True)[:5])
    except DatabaseError:
        return "Unknown while the database does not answer."
    if not paths:
        return ""
    return f"{', '.join(paths)} could not be indexed: run scripts/lab index_documents."


DOCUMENTS = HealthCheck(name="documents", check=_own_documents)
