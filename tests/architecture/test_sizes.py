"""Files and functions stay small enough to read."""

from __future__ import annotations

from pathlib import Path

from tests.architecture import sources

FILE, TEST_FILE, FUNCTION, PAGE, PARTIAL = 400, 500, 60, 150, 60
BANNED = {"utils", "helpers", "common", "data", "info", "misc"}


def _lines(file: Path) -> int:
    return len(file.read_text().splitlines())


def test_no_file_of_code_is_too_long() -> None:
    files = sources.python_files(*sources.CODE, "scripts", "benchmarks")

    too_long = [sources.named(file) for file in files if _lines(file) > FILE]

    assert not too_long


def test_no_file_of_tests_is_too_long() -> None:
    too_long = [
        sources.named(file) for file in sources.python_files("tests") if _lines(file) > TEST_FILE
    ]

    assert not too_long


def test_no_function_is_too_long() -> None:
    too_long = [
        f"{sources.named(file)}:{one.lineno} {one.name}"
        for file in sources.python_files(*sources.CODE, "tests", "scripts", "benchmarks")
        for one in sources.functions(sources.parsed(file))
        if (one.end_lineno or one.lineno) - one.lineno + 1 > FUNCTION
    ]

    assert not too_long


def test_no_template_is_too_long() -> None:
    too_long = [
        sources.named(file)
        for file in sources.templates()
        if _lines(file) > (PARTIAL if file.name.startswith("_") else PAGE)
    ]

    assert not too_long


def test_no_module_has_a_name_that_says_nothing() -> None:
    nameless = [sources.named(file) for file in sources.python_files() if file.stem in BANNED]

    assert not nameless
