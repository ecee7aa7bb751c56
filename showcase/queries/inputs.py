"""The inputs of a run in words: what an option is called, and what stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forecastlab.lib import figures
from forecastlab.warehouse.queries import wording

LABELS: Mapping[str, str | Promise] = {
    "dataset": gettext_lazy("Dataset"),
    "scenario": gettext_lazy("Scenario"),
    "seed": gettext_lazy("Seed"),
    "as_of": gettext_lazy("Last day"),
    "horizon": gettext_lazy("Horizon"),
    "folds": gettext_lazy("Folds"),
    "step": gettext_lazy("Step between folds"),
    "gap": gettext_lazy("Gap before each fold"),
    "window": gettext_lazy("Learn from"),
    "metric": gettext_lazy("Ranked by"),
    "policy": gettext_lazy("What serves is chosen by"),
    "models": gettext_lazy("Models"),
    "table": gettext_lazy("Table"),
    "focus": gettext_lazy("Focus"),
    "keep_going": gettext_lazy("Keep going after a failed step"),
    "step_timeout": gettext_lazy("Seconds for each step"),
    "run_timeout": gettext_lazy("Seconds for the run"),
    "approval_patience_s": gettext_lazy("Seconds to wait for an answer"),
    "reuse": gettext_lazy("Take equal results over"),
    "reset": gettext_lazy("Delete earlier sales first"),
    "name": gettext_lazy("Name of the run"),
}
WORLD = "simulate."


def label(key: str) -> str:
    """Return what an option is called; `simulate.stores` is a knob of the simulated sales."""
    if not key.startswith(WORLD):
        return str(LABELS.get(key, key))
    knob = key.removeprefix(WORLD)
    if knob in wording.KNOBS:
        return str(wording.KNOBS[knob])
    return _("World: %s") % knob.replace("_", " ")


def place(key: str) -> tuple[int, str]:
    """Return where an option stands among the others: by its label, then knobs, then the world."""
    known = [*LABELS, *(f"{WORLD}{knob}" for knob in wording.KNOBS)]
    return (known.index(key), "") if key in known else (len(known), key)


def text(value: Any) -> str:
    """Return a value as a reader wants it."""
    if value is None or value in ("", []):
        return figures.UNKNOWN
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(text, value))
    return str(value)
