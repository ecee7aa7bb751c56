"""What is simulated: a preset, a seed, the last day, the knobs that were turned, and what else
happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.domain.simulator.presets import (
    CHARACTERS,
    GENERATORS,
    LOCKED,
    PRESETS,
    PROFILES,
)

MAX_SEED = 2**63 - 1
DEFAULT_PRESET, DEFAULT_SEED = "demo_minimal", 42
# The longest window begins this many days after the first of the calendar.
EARLIEST = date(1905, 1, 1)
LATEST = date(9998, 12, 31)


class SimulationUnusable(BadInput):
    """The simulation cannot be drawn like this."""

    code = "simulation_unusable"


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that decides the numbers. Equal configs draw equal sales.

    `native_days` is the window of the preset itself: dates of launches and gaps are drawn over it,
    so that another window moves none of them. `rush` multiplies Thanksgiving, Black Friday,
    Christmas Eve and Christmas Day; `months` January to December; empty is no effect.
    """

    preset: str
    seed: int
    as_of: date
    stores: int
    products: int
    window_days: int
    profile: str = "preset"
    native_days: int = 0
    sparsity: float = 0.0
    promotion_intensity: float = 0.1
    stockout_intensity: float = 0.02
    noise_sigma: float = 0.1
    base: float = 100.0
    curve: str = "linear"
    slope: float = 0.0005
    weekdays: tuple[float, ...] = (0.8, 0.9, 1.0, 1.0, 1.1, 1.3, 1.2)
    months: tuple[float, ...] = ()
    rush: tuple[float, ...] = ()
    holiday_lift: float = 1.2
    promotion_lift: float = 1.3
    elasticity: float = -0.5
    anomalies: float = 0.01
    anomaly_size: float = 2.0
    whole_days_out: bool = False
    launches: bool = False
    ramp_days: int = 30
    gaps: int = 0
    enabled: tuple[str, ...] = ()

    @property
    def first(self) -> date:
        return self.as_of - timedelta(days=self.window_days)

    @property
    def days(self) -> int:
        return self.window_days + 1

    def has(self, generator: str) -> bool:
        return generator in self.enabled

    def as_json(self) -> dict[str, Any]:
        plain = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }
        return {**plain, "as_of": self.as_of.isoformat()}

    def turned(self) -> list[str]:
        """Return the knobs that differ from the preset's own, in alphabetical order."""
        native = build(self.preset, seed=self.seed, as_of=self.as_of, profile=self.profile)
        mine, own = self.as_json(), native.as_json()
        return sorted(knob for knob in KNOBS if mine[knob] != own[knob])


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


def build(
    preset: str,
    *,
    seed: int,
    as_of: date,
    knobs: Mapping[str, Any] | None = None,
    enabled: Iterable[str] = (),
    profile: str = "preset",
) -> Config:
    """Return the config of a preset with some knobs turned and some generators switched on.

    `profile` says whose size it has: "preset" its own, "scenario" the pipeline's. Raises
    SimulationUnusable, naming the preset, seed, date, knob or generator that is not accepted.
    """
    if preset not in PRESETS:
        raise SimulationUnusable(
            f"There is no preset '{preset}'. There are: {', '.join(PRESETS)}.", field="preset"
        )
    if not 0 <= seed <= MAX_SEED:
        raise SimulationUnusable(f"The seed {seed} is not from 0 to {MAX_SEED}.", field="seed")
    if not EARLIEST <= as_of <= LATEST:
        raise SimulationUnusable(
            f"{as_of} is not a day from {EARLIEST} to {LATEST}.", field="as_of"
        )
    size = PROFILES[profile][preset]
    native = Config(
        preset=preset,
        seed=seed,
        as_of=as_of,
        profile=profile,
        native_days=size["window_days"],
        enabled=_generators(enabled),
        **{**CHARACTERS[preset], **size},
    )
    turned: dict[str, Any] = {
        name: _knob(name, value, preset) for name, value in (knobs or {}).items()
    }
    return replace(native, **turned)


def native(preset: str) -> Config:
    """Return a preset as it is, or the usual one where there is no such preset."""
    known = preset if preset in PRESETS else DEFAULT_PRESET
    return build(known, seed=DEFAULT_SEED, as_of=EARLIEST)


def from_json(stored: Mapping[str, Any]) -> Config:
    """Return the config that `as_json` froze."""
    plain: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
    }
    return Config(**{**plain, "as_of": date.fromisoformat(stored["as_of"])})


def nothing_sold(config: Config) -> SimulationUnusable:
    return SimulationUnusable(
        f"With a sparsity of {config.sparsity:g} no store sells anything; lower it or add stores "
        "or products.",
        field="sparsity",
    )


def parse_knobs(texts: Iterable[str]) -> dict[str, str]:
    """Read `knob=value` texts; later ones win."""
    knobs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise SimulationUnusable(f"'{text}' is not knob=value.", field="set")
        knobs[name] = value
    return knobs


def parse_day(text: str) -> date | None:
    """Read an ISO date, None where there is no text."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise SimulationUnusable(
            f"'{text}' is not a date such as 2026-11-21.", field="as_of"
        ) from error


def parse_seed(text: str) -> int:
    """Read a seed, the usual one where there is no text."""
    try:
        return int(text) if text else DEFAULT_SEED
    except ValueError as error:
        raise SimulationUnusable(f"'{text}' is not a whole number.", field="seed") from error


def _generators(asked: Iterable[str]) -> tuple[str, ...]:
    """Return the generators in the order in which they are listed, each once."""
    wanted = set(asked)
    for name in sorted(wanted - GENERATORS.keys()):
        raise SimulationUnusable(
            f"'{name}' cannot be switched on. There are: {', '.join(GENERATORS)}.", field="enable"
        )
    return tuple(name for name in GENERATORS if name in wanted)


def _knob(name: str, value: Any, preset: str) -> float | int:
    knob = KNOBS.get(name)
    if knob is None:
        raise SimulationUnusable(
            f"'{name}' is not a knob. Knobs are {', '.join(KNOBS)}.", field=name
        )
    reason = LOCKED.get(preset, {}).get(name)
    if reason:
        raise SimulationUnusable(
            f"'{name}' cannot be set for {preset}: {reason}. Leave it out.", field=name
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
