"""What is said to notice that something does not hold any more is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture import sources
from tests.mutations import MUTATIONS

DOCUMENT = sources.BASE_DIR / "docs" / "invariants.md"
NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?(?:\[[^`]*\])?`|`(test_\w+)`")
TESTS = sources.BASE_DIR / "tests"
KNOWN = {
    file: {one.name for one in sources.functions(sources.parsed(file))}
    for file in TESTS.rglob("test_*.py")
}


def rows() -> list[tuple[str, list[str]]]:
    """Return each row of a table with the part of the document that it is in."""
    found, part = [], ""
    for line in DOCUMENT.read_text().splitlines():
        part = line.removeprefix("## ") if line.startswith("## ") else part
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and "Always true" not in cells:
            found.append((part, cells))
    return found


def missing(cell: str) -> Iterator[str]:
    """Name the tests of a cell that are nowhere; a bare name is of the file before it."""
    files = list(KNOWN)
    for path, name, alone in NAMED.findall(cell):
        if path:
            files = [file for file in KNOWN if str(file).endswith(f"/{path}")]
            if not files:
                yield path
        wanted = name or alone
        if wanted and not any(wanted in KNOWN[file] for file in files):
            yield f"{path}::{wanted}"


@pytest.mark.parametrize("part", sorted({part for part, _cells in rows()}))
def test_every_named_test_is_there(part: str) -> None:
    tests = [cells[-1] for of, cells in rows() if of == part]

    assert tests
    assert [cell for cell in tests if not NAMED.search(cell)] == []
    assert [one for cell in tests for one in missing(cell)] == []


def test_every_invariant_of_agents_has_a_number_of_its_own() -> None:
    numbers = [cells[0] for part, cells in rows() if part == "Agents"]

    assert numbers == [f"AG-{number}" for number in range(1, len(numbers) + 1)]


def test_every_mutation_names_a_test_that_is_there() -> None:
    told = [f"`{one.test.removeprefix('tests/').partition('[')[0]}`" for one in MUTATIONS]

    assert [one for cell in told for one in missing(cell)] == []


def assigned(tree: ast.AST) -> Iterator[int]:
    """Return the lines that give a row a status."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            if any(isinstance(one, ast.Attribute) and one.attr == "status" for one in node.targets):
                yield node.lineno
        elif isinstance(node, ast.Call) and sources.called_name(node) == "update":
            yield from [node.lineno for word in node.keywords if word.arg == "status"]


def test_only_services_of_agents_change_a_status_and_one_that_of_sessions() -> None:
    found = {
        sources.named(file).removeprefix("agents/")
        for file in sources.python_files("agents")
        if list(assigned(sources.parsed(file)))
    }

    assert {name for name in found if not name.startswith("services/")} == set()
    sessions = [
        name
        for name in found
        if re.search(
            r"\b(session|held)\.status = |Session\.objects[^\n]*update\([^\n]*status=",
            (sources.BASE_DIR / "agents" / name).read_text(),
        )
    ]
    assert sessions == ["services/moves.py"]


def test_agents_hold_no_locks_and_loops_of_one_process() -> None:
    """What two processes must agree on is in the database."""
    banned = {"asyncio", "concurrent", "multiprocessing", "queue", "threading"}
    found = [
        f"{sources.named(file)}: {name}"
        for file in sources.python_files("agents")
        for node in ast.walk(sources.parsed(file))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [*(one.name for one in node.names), getattr(node, "module", "") or ""]
        if name.partition(".")[0] in banned
    ]

    assert found == []
