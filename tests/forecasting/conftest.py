from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def artefact_root(settings: Any, tmp_path: Path) -> Path:
    """A store that a test can look into."""
    settings.ARTEFACT_ROOT = tmp_path / "artefacts"
    return Path(settings.ARTEFACT_ROOT)
