from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.factories import make_user

SALES = "store,product,date,sales\nA,1,2024-01-01,3\nA,1,2024-01-02,4\nB,1,2024-01-01,5\n"


def run_import(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command with --json and return its exit code and the object it printed."""
    out, code = io.StringIO(), 0
    try:
        call_command(
            "import_dataset", *arguments, "--json", "--as", "alice", stdout=out, stderr=io.StringIO()
        )
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    return code, json.loads(out.getvalue())


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    path.write_text(SALES)
    return path


def test_import_prints_what_was_loaded(worker: None, sales: Path) -> None:
    make_user("alice")

    code, told = run_import("shop", str(sales))

    assert code == 0, told
    assert (told["dataset"], told["version"], told["rows"], told["series"]) == ("shop", 1, 3, 2)
    assert (told["first"], told["last"], told["frequency"]) == ("2024-01-01", "2024-01-02", "D")
    assert len(told["content_hash"]) == 64
    assert told["problems"] == []
    assert told["seconds"] > 0
