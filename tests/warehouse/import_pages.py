"""What the tests of the import's pages do over and over."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from forecastlab.jobs.models import Job
from forecastlab.warehouse.models import DatasetVersion, SalesFact
from tests.factories import run_job

SALES = b"store,product,date,sales\nA,1,2024-01-01,3\nA,1,2024-01-02,4\nB,1,2024-01-01,5\n"
ROLES = {"role_0": "store", "role_1": "product", "role_2": "ds", "role_3": "quantity"}
REST = {"returns": "keep", "duplicates": "reject", "mode": "replace"}


def upload(client: Client, content: bytes = SALES, *, name: str = "shop", **more: Any) -> Any:
    file = SimpleUploadedFile(more.pop("called", "sales.csv"), content)
    return client.post("/imports/new/", {"name": name, "file": file, **more})


def shown(client: Client, address: str) -> str:
    return str(client.get(address).content.decode())


def columns_of(client: Client, address: str) -> dict[str, str]:
    """What the form of the columns would send as it stands."""
    form = client.get(address).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: str(value) for name, value in values.items() if value not in (None, "")}


def preview(client: Client, address: str, **choices: str) -> Job:
    """Press Preview, and do what the worker does."""
    answer = client.post(address, {**columns_of(client, address), **choices, "do": "preview"})
    assert answer.status_code == 302, answer.content.decode()
    return run_job(Job.objects.latest("pk"))


def accept(client: Client, looked: Job) -> Job:
    client.post(f"/imports/{looked.pk}/preview/import/", {"agreed": "yes"})
    return run_job(Job.objects.filter(kind="import").latest("pk"))


def imported(client: Client, content: bytes = SALES, *, name: str = "shop", **choices: str) -> Job:
    return accept(client, preview(client, upload(client, content, name=name).url, **choices))


def facts_of(name: str) -> list[float | None]:
    version = DatasetVersion.objects.filter(dataset__name=name).latest("number")
    return list(SalesFact.objects.filter(version_id=version.pk).values_list("quantity", flat=True))


def quantities() -> list[float]:
    return sorted(one for one in facts_of("shop") if one is not None)
