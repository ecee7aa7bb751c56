"""Samples of addresses of documents, beside those of `tests/access_samples.py`."""

from __future__ import annotations

from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.knowledge.models import Document
from forecastlab.knowledge.services import documents
from tests.access_samples import STREAM_SAMPLES, Sample, sample
from tests.factories import make_group, make_user, run_job
from tests.planning_samples import SAMPLES as SAMPLES


def guarded_document(by: User) -> Document:
    """An indexed document that only its owner and the group `readers` may read."""
    file = documents.received("returns.md", [b"# Returns\n\nWithin thirty days.\n"])
    document = documents.add(file, readers=[make_group("readers")], by=by, at=timezone.now())
    run_job(Job.objects.get(pk=document.job_id))
    return document


@sample(
    *("knowledge:document", "knowledge:document-original", "knowledge:document-settings"),
    *("knowledge:document-edit", "knowledge:document-replace", "knowledge:document-index"),
    *("knowledge:document-delete", "api:document", "api:document-text", "api:document-index"),
    "api:document-file",
)
def a_document(alice: User) -> Sample:
    return Sample({"key": guarded_document(alice).key})


STREAM_SAMPLES["document"] = lambda: guarded_document(make_user("owner")).stream
