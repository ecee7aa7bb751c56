"""Forecasts of many models, of which only those of some series are in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from forecastlab.forecasting.domain.models import ensemble
from forecastlab.forecasting.domain.panel import BLOCK, Floats

# So many series, whole blocks, are worked on at a time.
AT_ONCE = 2 * BLOCK
EVERYONE = slice(None)

Read = Callable[[str, slice], Floats]


def parts(width: int) -> Iterator[slice]:
    """Yield the series of a panel, some whole blocks at a time."""
    for start in range(0, width, AT_ONCE):
        yield slice(start, min(start + AT_ONCE, width))


class ByModel(Mapping[str, Floats]):
    """Forecasts by model, cheapest model first; the series are the last axis. None is held.

    `read` returns those of one model on some series, a slice that begins at a whole block. With
    `members` their mean is one more model, the last.
    """

    def __init__(self, names: Sequence[str], read: Read, members: Sequence[str] = ()) -> None:
        self._single, self._read, self._members = tuple(names), read, tuple(members)

    @classmethod
    def of(cls, forecasts: Mapping[str, Floats]) -> ByModel:
        """Return the same for forecasts that are in memory."""
        if isinstance(forecasts, ByModel):
            return forecasts
        return cls(list(forecasts), lambda name, part: forecasts[name][..., part])

    def combining(self, members: Sequence[str]) -> ByModel:
        """Return the same single models with the mean of these, if there are any."""
        return ByModel(self._single, self._read, members)

    def on(self, part: slice) -> ByModel:
        """Return the same for some series, a slice that begins at a whole block."""
        return ByModel(self._single, lambda name, _all: self._read(name, part), self._members)

    def read(self, name: str, part: slice) -> Floats:
        """Return the forecasts of a model for some series."""
        if self._members and name == ensemble.NAME:
            return ensemble.combine([self._read(one, part) for one in self._members])
        return self._read(name, part)

    def __getitem__(self, name: str) -> Floats:
        return self.read(name, EVERYONE)

    def __iter__(self) -> Iterator[str]:
        yield from self._single
        if self._members:
            yield ensemble.NAME

    def __len__(self) -> int:
        return len(self._single) + bool(self._members)
