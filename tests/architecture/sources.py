"""The files that the guard rails look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[2]
CODE = ("forecastlab", "showcase", "agents")
APPS = sorted(file.parent for root in CODE for file in (BASE_DIR / root).rglob("apps.py"))


def python_files(*roots: str) -> list[Path]:
    found = [file for root in roots or CODE for file in (BASE_DIR / root).rglob("*.py")]
    return sorted(file for file in found if "migrations" not in file.parts)


def migration_files() -> list[Path]:
    found = [file for root in CODE for file in (BASE_DIR / root).rglob("migrations/*.py")]
    return sorted(file for file in found if file.name != "__init__.py")


def templates() -> list[Path]:
    return sorted((BASE_DIR / "templates").rglob("*.html"))


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), filename=str(file))


def named(file: Path) -> str:
    return str(file.relative_to(BASE_DIR))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def called_name(call: ast.Call) -> str:
    """The last part of what is called: `enqueue` for `dispatch.enqueue(...)`."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""
