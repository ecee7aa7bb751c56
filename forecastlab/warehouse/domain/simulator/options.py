"""What can be asked of the simulator, as the API tells it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from forecastlab.warehouse.domain.simulator.config import KNOBS, SimulationUnusable, native
from forecastlab.warehouse.domain.simulator.presets import (
    GENERATORS,
    LOCKED,
    PRESETS,
    SCENARIOS,
)


def shown() -> dict[str, Any]:
    """Return presets, knobs and generators."""
    return {"presets": [_preset(name) for name in PRESETS], "knobs": _knobs(), "enable": GENERATORS}


def check_keys(given: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise SimulationUnusable naming a key that nothing is known by."""
    for key in given:
        if key not in known:
            raise SimulationUnusable(
                f"There is no '{key}'. A simulation has {', '.join(known)}; "
                f"knobs are {', '.join(KNOBS)}.",
                field=key,
            )


def _preset(name: str) -> dict[str, Any]:
    own = native(name).as_json()
    return {
        "preset": name,
        "knobs": {knob: own[knob] for knob in KNOBS},
        "scenario": dict(SCENARIOS[name]),
        "locked": dict(LOCKED.get(name, {})),
    }


def _knobs() -> dict[str, Any]:
    return {
        name: {"low": knob.low, "high": knob.high, "whole": knob.whole}
        for name, knob in KNOBS.items()
    }
