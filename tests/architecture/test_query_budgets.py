"""How many questions a page may ask the database: one table, and no page without a row in it.

A budget is what the page needs over its sample, with a little room. A page that asks once per row
of a list breaks its own app's test of long lists; this table shows what is expensive at a look.
"""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from forecastlab import access_table
from forecastlab.access_table import Address
from tests.access_samples import Sample
from tests.factories import make_group, make_user
from tests.workspace_samples import SAMPLES

pytestmark = pytest.mark.django_db

BUDGETS: dict[str, int] = {
    "accounts:password": 6,
    "accounts:profile": 7,
    "accounts:sign-in": 5,
    "accounts:sign-in-link": 5,
    "agents:approval": 22,
    "agents:approval-card": 8,
    "agents:approval-change": 10,
    "agents:approvals": 17,
    "agents:approvals-count": 5,
    "agents:approvals-decide": 4,
    "agents:controls": 14,
    "agents:notices": 6,
    "agents:run-gate": 10,
    "agents:session": 26,
    "agents:session-actions": 7,
    "agents:session-asks": 9,
    "agents:session-new": 8,
    "agents:sessions": 14,
    "api:openapi-json": 0,
    "events:stream-events": 7,
    "events:stream-poll": 8,
    "forecasting:backtest": 14,
    "forecasting:backtest-download": 7,
    "forecasting:batch": 11,
    "forecasting:batch-actions": 7,
    "forecasting:batch-download": 8,
    "forecasting:batch-new": 7,
    "forecasting:batches": 9,
    "forecasting:champions": 14,
    "forecasting:issue": 11,
    "forecasting:issue-download": 8,
    "forecasting:judged-series": 10,
    "forecasting:judged-series-download": 8,
    "forecasting:judged-series-page": 15,
    "forecasting:model-run": 11,
    "forecasting:model-run-compare": 7,
    "forecasting:model-run-promote": 12,
    "forecasting:model-runs": 10,
    "forecasting:models": 10,
    "forecasting:series": 8,
    "forecasting:series-download": 9,
    "forecasting:series-page": 14,
    "healthz": 0,
    "jobs:job": 15,
    "jobs:job-actions": 11,
    "jobs:jobs": 7,
    "planning:freeze-lift": 4,
    "planning:freeze-new": 9,
    "planning:freezes": 9,
    "planning:override-download": 8,
    "planning:override-history": 6,
    "planning:override-new": 9,
    "planning:override-save": 6,
    "planning:override-upload": 9,
    "planning:override-withdraw": 11,
    "planning:overrides": 14,
    "planning:plan": 9,
    "planning:plan-clone": 4,
    "planning:plan-compare": 9,
    "planning:plan-delete": 4,
    "planning:plan-download": 7,
    "planning:plan-edit": 9,
    "planning:plan-json": 7,
    "planning:plan-new": 8,
    "planning:plan-retry": 4,
    "planning:plans": 9,
    "planning:publication": 9,
    "planning:publication-download": 7,
    "planning:publication-new": 12,
    "planning:publications": 8,
    "planning:value-added": 9,
    "readyz": 5,
    "knowledge:document": 13,
    "knowledge:document-add": 6,
    "knowledge:document-original": 6,
    "knowledge:document-settings": 14,
    "knowledge:documents": 9,
    "knowledge:search": 24,
    "showcase:bundle": 6,
    "showcase:home": 19,
    "showcase:run": 15,
    "showcase:run-actions": 6,
    "showcase:run-new": 13,
    "showcase:run-preset-delete": 4,
    "showcase:run-preset-save": 4,
    "showcase:run-presets": 6,
    "showcase:run-step-log": 8,
    "showcase:runs": 11,
    "showcase:runs-new": 7,
    "showcase:run-keep": 8,
    "showcase:workspace": 22,
    "showcase:workspace-bulk": 4,
    "showcase:workspace-delete": 10,
    "showcase:workspace-edit": 9,
    "showcase:workspace-import": 5,
    "showcase:workspace-replay": 24,
    "showcase:workspace-reset": 4,
    "showcase:workspace-tags": 6,
    "showcase:workspaces": 13,
    "showcase:workspace-compare": 12,
    "showcase:workspace-compare-columns": 4,
    "showcase:workspace-compare-download": 9,
    "showcase:workspace-bundles": 8,
    "showcase:workspace-export": 13,
    "warehouse:dataset-calendar": 9,
    "warehouse:dataset-calendar-download": 7,
    "warehouse:dataset-history": 10,
    "warehouse:dataset-page": 14,
    "warehouse:dataset-settings": 10,
    "warehouse:dataset-versions": 7,
    "warehouse:datasets": 8,
    "warehouse:import": 6,
    "warehouse:import-download": 6,
    "warehouse:import-job": 14,
    "warehouse:import-discard": 4,
    "warehouse:import-map": 6,
    "warehouse:import-preview": 14,
    "warehouse:import-preview-accept": 4,
    "warehouse:import-preview-found": 12,
    "warehouse:import-preview-stop": 4,
    "warehouse:import-problems": 8,
    "warehouse:import-profile-delete": 4,
    "warehouse:import-profiles": 7,
    "warehouse:import-report": 12,
    "warehouse:series-download": 10,
    "warehouse:series-list": 10,
    "warehouse:series-page": 12,
    "warehouse:version-download": 7,
    "warehouse:simulate": 6,
    "warehouse:truth-download": 7,
    "warehouse:version-compare": 16,
    "warehouse:version-compare-download": 14,
    "warehouse:version-delete": 19,
    "warehouse:version-page": 14,
}

PAGES = [one for one in access_table.addresses() if one.kind == "page"]


@pytest.mark.parametrize("address", PAGES, ids=lambda one: one.name)
def test_a_page_keeps_to_its_budget(address: Address) -> None:
    alice = make_user("alice", role="admin")
    alice.groups.add(make_group("readers"))
    sample = SAMPLES[address.name](alice) if address.name in SAMPLES else Sample()
    client = Client()
    client.force_login(alice)
    url = reverse(address.name, kwargs=dict(sample.kwargs), query=dict(sample.query))
    client.get(url)  # what is asked once in the life of a process

    with CaptureQueriesContext(connection) as asked:
        answer = client.get(url)

    if answer.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        assert address.name in BUDGETS, f'"{address.name}": {len(asked)},'
        assert len(asked) <= BUDGETS[address.name]


def test_every_budget_belongs_to_a_page() -> None:
    assert BUDGETS.keys() <= {one.name for one in PAGES}
