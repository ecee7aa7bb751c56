"""How a file is to be read: all that the commands, the API and the pages let people say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.domain import formats
from forecastlab.warehouse.domain.differences import MODES, REPLACE
from forecastlab.warehouse.domain.layouts import LAYOUTS, LONG, M4
from forecastlab.warehouse.domain.parsing import Reading
from forecastlab.warehouse.domain.periods import Frequency

RETURNS = ("keep", "missing", "reject")
DUPLICATES = ("reject", "sum", "last")


class OptionUnusable(BadInput):
    """An option has a value that is not accepted."""

    code = "option_unusable"


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is to be read; what is left empty is guessed.

    `test`, `stores`, `products` and `calendar` are the names of further files, which lie beside
    the file itself.
    """

    placed: Sequence[str] = ()
    signals: Sequence[str] = ()
    frequency: str = ""
    returns: str = "keep"
    layout: str = ""
    mode: str = REPLACE
    guess: bool = True
    encoding: str = ""
    decimal: str = ""
    timezone: str = ""
    dates: str = ""
    duplicates: str = "reject"
    test: str = ""
    stores: str = ""
    products: str = ""
    calendar: str = ""

    def check(self) -> None:
        """Raise OptionUnusable, ReadingUnusable, DatesUnusable or EncodingUnknown."""
        _one_of("frequency", self.frequency, ["", *Frequency])
        _one_of("returns", self.returns, RETURNS)
        _one_of("layout", self.layout, ["", *LAYOUTS])
        _one_of("mode", self.mode, MODES)
        _one_of("duplicates", self.duplicates, DUPLICATES)
        formats.check_encoding(self.encoding)
        self.reading.check()

    def check_layout(self, layout: str) -> None:
        """Raise OptionUnusable for what the layout that was found does not go with."""
        if layout == M4 and not self.frequency:
            raise OptionUnusable(
                "Layout m4 has no dates to guess the frequency from.",
                hint="Say how long a period is: --frequency W for weeks, H for hours.",
                field="frequency",
            )
        if layout != M4 and self.test:
            raise OptionUnusable(
                f"Held-back values continue series without dates; the layout is {layout}.",
                hint="Give --layout m4, or leave the test file out.",
                field="test",
            )
        if layout == M4 and self.calendar:
            raise OptionUnusable(
                "Layout m4 has no dates that a calendar could say something of.", field="calendar"
            )
        if layout != LONG and self.signals:
            raise OptionUnusable(
                f"In layout {layout} every value is a quantity: there are no signals.",
                field="signal",
            )

    @property
    def reading(self) -> Reading:
        return Reading(decimal=self.decimal, dates=self.dates, timezone=self.timezone)


def _one_of(option: str, value: str, accepted: Sequence[str]) -> None:
    if value not in accepted:
        listed = ", ".join(one for one in accepted if one)
        raise OptionUnusable(f"'{value}' is not a {option}. Accepted: {listed}.", field=option)
