"""Kinds whose steps write what they did into files of `params["folder"]`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from forecastlab.events import queries as events
from forecastlab.events.services import log
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import (
    Done,
    FanOut,
    JobKind,
    JobStepPlan,
    Json,
    NewEvent,
    Skipped,
    StepContext,
    StepFailed,
    StepResult,
    Transient,
    Waiting,
)


def _note(context: StepContext, line: str) -> None:
    """Append a line to the file of what has happened; outside the fence on purpose."""
    folder = context.params.get("folder")
    if folder:
        with (Path(folder) / "notes").open("a") as notes:
            notes.write(f"{line} {os.getpid()}\n")


def _mark(context: StepContext) -> None:
    """Write inside the fence what is not there yet: a step may run twice."""
    with context.fenced():
        if any(mark.kind == context.step for mark in events.after(f"lab.{context.job_id}", 0)):
            return
        barrier(f"in-fence-{context.step}")
        marks = NewEvent(f"lab.{context.job_id}", context.step)
        log.append([marks], actor_id=None, at=context.now)


def work(context: StepContext) -> StepResult:
    """Do what the parameters order for this step."""
    _note(context, context.step)
    orders: Json = context.params.get("orders", {}).get(context.step, {})
    result = ORDERS[orders.get("do", "pass")](context, orders)
    barrier(f"inside-{context.step}")
    if orders.get("mark"):
        _mark(context)
    return result or Done(f"{context.step} is done", {"step": context.step})


def _fail(context: StepContext, _orders: Json) -> StepResult:
    raise StepFailed("The oven is cold.", hint="Light it.")


def _crash(context: StepContext, _orders: Json) -> StepResult:
    raise ZeroDivisionError("secret")


def _stumble(context: StepContext, _orders: Json) -> StepResult:
    raise Transient("The line is busy.")


def _die(context: StepContext, _orders: Json) -> StepResult:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _hang(_context: StepContext, _orders: Json) -> None:
    time.sleep(60)


def _wait(context: StepContext, _orders: Json) -> StepResult | None:
    woken = Path(context.params["folder"]) / "woken"
    return None if woken.exists() else Waiting("Waiting for the baker")


def _linger(context: StepContext, orders: Json) -> None:
    seconds = orders.get("seconds", 0.0)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        context.report(1 - (ends - time.monotonic()) / seconds, "lingering")
        time.sleep(0.02)


def _fan(context: StepContext, orders: Json) -> StepResult:
    if context.shard is None:
        if not context.shards:
            return FanOut([{"index": index} for index in range(orders["shards"])], "Fanning out")
        good = [one.data["index"] for one in context.shards if one.status == "pass"]
        return Done("gathered", {"sum": sum(good)})
    index = context.shard["index"]
    _note(context, f"shard-{index}")
    if index in orders.get("failing", ()):
        raise StepFailed(f"Shard {index} is burnt.")
    _linger(context, orders)
    barrier("inside-shard")
    return Done(f"shard {index}", {"index": index})


ORDERS: dict[str, Callable[[StepContext, Json], StepResult | None]] = {
    "pass": lambda _context, _orders: None,
    "warn": lambda _context, _orders: Done("It smells", warn=True),
    "skip": lambda _context, _orders: Skipped("Nothing to bake"),
    "fail": _fail,
    "crash": _crash,
    "transient": _stumble,
    "die": _die,
    "hang": _hang,
    "wait": _wait,
    "linger": _linger,
    "fan": _fan,
}


def _plan(params: Json) -> list[JobStepPlan]:
    names = params.get("steps", ["one", "two", "three"])
    lease = params.get("lease_seconds", 30)
    return [
        JobStepPlan(
            name,
            work,
            lease_seconds=lease,
            always=name.startswith("always"),
            timeout_seconds=params.get("timeout_seconds", 900),
            isolated=params.get("isolated", False),
        )
        for name in names
    ]


def _compensate(context: StepContext) -> None:
    _note(context, "compensated")


lab = JobKind("lab", "Something for the tests", _plan)
lab_undo = JobKind("lab_undo", "Something that can be undone", _plan, compensate=_compensate)
lab_capped = JobKind("lab_capped", "Two at a time", _plan, cap=2)
lab_last = JobKind("lab_last", "All others first", _plan, begin_last=True)
