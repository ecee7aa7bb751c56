"""Migrations stand on their own, say what they do, and go back."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from tests.architecture import sources

AUTOMATIC = re.compile(r"^\d{4}_(auto_|initial$|alter_|remove_|rename_|add_)")
EACH = pytest.mark.parametrize("file", sources.migration_files(), ids=sources.named)


def _imported(tree: ast.Module) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
    return modules


@EACH
def test_migration_has_a_name_of_its_own(file: Path) -> None:
    assert not AUTOMATIC.match(file.stem)


@EACH
def test_migration_imports_no_application_code(file: Path) -> None:
    ours = {name for name in _imported(sources.parsed(file)) if name.split(".")[0] in sources.CODE}

    assert not {name for name in ours if ".migrations" not in name}


@EACH
def test_migration_of_data_goes_back(file: Path) -> None:
    steps = [
        call
        for call in sources.calls(sources.parsed(file))
        if sources.called_name(call) in {"RunPython", "RunSQL"}
    ]
    one_way = [
        call.lineno
        for call in steps
        if len(call.args) < 2
        and not {"reverse_code", "reverse_sql"} & {keyword.arg for keyword in call.keywords}
    ]

    assert not one_way


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_migrations_run_back_and_forward_again() -> None:
    labels = {file.parent.parent.name for file in sources.migration_files()}

    for label in sorted(labels):
        call_command("migrate", label, "zero", verbosity=0)
    call_command("migrate", verbosity=0)

    assert Group.objects.filter(name="planner").exists()
    call_command("makemigrations", check=True, verbosity=0)
