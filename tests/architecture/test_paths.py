"""What the import linter cannot see: names in strings, and calls that go round the rules."""

from __future__ import annotations

import ast

from celery import Task
from django.utils.module_loading import import_string

from forecastlab.celery import app
from tests.architecture import sources

ROUND_THE_RULES = {"send_task", "receiver"}


def test_every_enqueued_path_is_a_task() -> None:
    paths = {
        str(call.args[0].value)
        for file in sources.python_files()
        for call in sources.calls(sources.parsed(file))
        if sources.called_name(call) == "enqueue"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }

    assert [path for path in paths if not isinstance(import_string(path), Task)] == []


def test_every_periodic_task_exists_and_is_a_sweep() -> None:
    paths = {entry["task"] for entry in app.conf.beat_schedule.values()}

    assert [path for path in paths if not isinstance(import_string(path), Task)] == []
    assert [path for path in paths if not path.rpartition(".")[2].startswith("sweep_")] == []


def test_tasks_are_neither_sent_by_name_nor_hung_on_model_signals() -> None:
    found = [
        f"{sources.named(file)}:{call.lineno}"
        for file in sources.python_files()
        for call in sources.calls(sources.parsed(file))
        if sources.called_name(call) in ROUND_THE_RULES
    ]

    assert not found


def test_task_bodies_are_one_call() -> None:
    long = [
        f"{sources.named(file)}:{one.lineno} {one.name}"
        for file in sources.python_files()
        if file.name == "tasks.py"
        for one in sources.functions(sources.parsed(file))
        if one.decorator_list and (one.end_lineno or 0) - one.body[0].lineno + 1 > 8
    ]

    assert not long
