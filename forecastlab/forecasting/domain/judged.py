"""Judged forecasts of many models, of which only so many are in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from forecastlab.forecasting.domain.panel import Floats

# What is read is held as long as all that is held takes no more bytes than this.
MOST_HELD = 16_000_000
EVERYONE = slice(None)

Read = Callable[[str, slice], Floats]


class Judged(Mapping[str, Floats]):
    """Forecasts by model, folds x steps x series, cheapest model first.

    `read` returns those of one model on some series, a slice that begins at a whole block.
    """

    def __init__(self, names: Sequence[str], read: Read) -> None:
        self._names, self._read = tuple(names), read
        self._held: dict[str, Floats] = {}
        self._beside: dict[str, Floats] = {}

    @classmethod
    def of(cls, forecasts: Mapping[str, Floats]) -> Judged:
        """Return the same for forecasts that are in memory."""
        if isinstance(forecasts, Judged):
            return forecasts
        return cls(list(forecasts), lambda name, part: forecasts[name][..., part])

    def beside(self, name: str, values: Floats) -> Judged:
        """Return the same with one more, which is in memory, as the last."""
        found = Judged(self._names, self._read)
        found._held, found._beside = self._held, {**self._beside, name: values}
        return found

    def part(self, part: slice) -> dict[str, Floats]:
        """Return the forecasts of some series, a slice that begins at a whole block."""
        found = {name: self._read(name, part) for name in self._names}
        return found | {name: one[..., part] for name, one in self._beside.items()}

    def __getitem__(self, name: str) -> Floats:
        if name in self._beside:
            return self._beside[name]
        if name not in self._held:
            values = self._read(name, EVERYONE)
            while self._held and self._size + values.nbytes > MOST_HELD:
                self._held.pop(next(iter(self._held)))
            self._held[name] = values
        return self._held[name]

    def __iter__(self) -> Iterator[str]:
        yield from (*self._names, *self._beside)

    def __len__(self) -> int:
        return len(self._names) + len(self._beside)

    @property
    def _size(self) -> int:
        return sum(one.nbytes for one in self._held.values())
