from __future__ import annotations

import pytest

from showcase.services import rows


@pytest.fixture(autouse=True)
def _nobody_waits_for_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs beside these tests; the tests themselves do the work."""
    monkeypatch.setattr(rows, "PATIENCE", 0.0)
