"""What is simulated: a preset, a seed, the last day, and the knobs that were turned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from forecastlab.lib.errors import BadInput

MAX_SEED = 2**63 - 1


class SimulationUnusable(BadInput):
    """The simulation cannot be drawn like this."""

    code = "simulation_unusable"


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that decides the numbers. Equal configs draw equal sales."""

    preset: str
    seed: int
    as_of: date
    stores: int
    products: int
    window_days: int
    sparsity: float = 0.0
    promotion_intensity: float = 0.1
    stockout_intensity: float = 0.02
    noise_sigma: float = 0.1
    base: float = 100.0
    slope: float = 0.0005
    weekdays: tuple[float, ...] = (0.8, 0.9, 1.0, 1.0, 1.1, 1.3, 1.2)
    holiday_lift: float = 1.2
    promotion_lift: float = 1.3
    elasticity: float = -0.5
    anomalies: float = 0.01

    @property
    def first(self) -> date:
        return self.as_of - timedelta(days=self.window_days)

    @property
    def days(self) -> int:
        return self.window_days + 1

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "as_of": self.as_of.isoformat(), "weekdays": list(self.weekdays)}


@dataclass(frozen=True, slots=True)
class Knob:
    low: float
    high: float
    whole: bool = False


KNOBS = {
    "stores": Knob(1, 100, whole=True),
    "products": Knob(1, 500, whole=True),
    "window_days": Knob(75, 365, whole=True),
    "sparsity": Knob(0, 0.9),
    "promotion_intensity": Knob(0, 0.5),
    "stockout_intensity": Knob(0, 0.5),
    "noise_sigma": Knob(0, 0.5),
}
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "demo_minimal": {"stores": 3, "products": 10, "window_days": 91},
}


def build(preset: str, *, seed: int, as_of: date, knobs: Mapping[str, Any] | None = None) -> Config:
    """Return the config of a preset with some knobs turned.

    Raises SimulationUnusable, naming the preset, seed or knob that is not accepted.
    """
    if preset not in PRESETS:
        raise SimulationUnusable(
            f"There is no preset '{preset}'. There are: {', '.join(PRESETS)}.", field="preset"
        )
    if not 0 <= seed <= MAX_SEED:
        raise SimulationUnusable(f"The seed {seed} is not from 0 to {MAX_SEED}.", field="seed")
    native = Config(preset=preset, seed=seed, as_of=as_of, **PRESETS[preset])
    turned: dict[str, Any] = {name: _knob(name, value) for name, value in (knobs or {}).items()}
    return replace(native, **turned)


def from_json(stored: Mapping[str, Any]) -> Config:
    """Return the config that `as_json` froze."""
    frozen = {**stored, "as_of": date.fromisoformat(stored["as_of"])}
    return Config(**{**frozen, "weekdays": tuple(stored["weekdays"])})


def parse_knobs(texts: Iterable[str]) -> dict[str, str]:
    """Read `knob=value` texts; later ones win."""
    knobs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise SimulationUnusable(f"'{text}' is not knob=value.", field="set")
        knobs[name] = value
    return knobs


def _knob(name: str, value: Any) -> float | int:
    knob = KNOBS.get(name)
    if knob is None:
        raise SimulationUnusable(
            f"'{name}' is not a knob. Knobs are {', '.join(KNOBS)}.", field=name
        )
    kind = "a whole number" if knob.whole else "a number"
    wanted = f"'{name}' takes {kind} from {knob.low:g} to {knob.high:g}, not '{value}'."
    try:
        number = int(str(value)) if knob.whole else float(str(value))
    except ValueError as error:
        raise SimulationUnusable(wanted, field=name) from error
    if not knob.low <= number <= knob.high:
        raise SimulationUnusable(wanted, field=name)
    return number
