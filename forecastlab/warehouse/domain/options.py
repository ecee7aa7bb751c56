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
        undated = layout == M4 or self.reading.undated
        if undated and not self.frequency:
            raise OptionUnusable(
                "Without dates there is nothing to guess the frequency from.",
                hint="Say how long a period is: --frequency W for weeks, H for hours.",
                field="frequency",
            )
        if undated and self.calendar:
            raise OptionUnusable(
                "There are no dates that a calendar could say something of.", field="calendar"
            )
        if layout == M4:
            self._check_whole()
        elif self.test:
            raise OptionUnusable(
                "Held-back values go with layout m4, where only their place says what they "
                f"continue. The layout is {layout}, whose rows say it themselves, and the newest "
                "periods are always what models are judged on.",
                hint="Leave the test file out, and import it after this one with --mode append.",
                field="test",
            )
        if layout != LONG and self.signals:
            raise OptionUnusable(
                f"In layout {layout} every value is a quantity: there are no signals.",
                field="signal",
            )

    def _check_whole(self) -> None:
        """Raise OptionUnusable where values that only have a place would be added to others."""
        if self.mode != REPLACE:
            raise OptionUnusable(
                "Layout m4 does not say of which periods its values are, so they cannot be put "
                "among those that are there.",
                hint="Give the whole of it with --mode replace, or rows with the numbers of their "
                "periods: --layout long --dates 'period numbers'.",
                field="mode",
            )

    @property
    def reading(self) -> Reading:
        return Reading(decimal=self.decimal, dates=self.dates, timezone=self.timezone)


def _one_of(option: str, value: str, accepted: Sequence[str]) -> None:
    if value not in accepted:
        listed = ", ".join(one for one in accepted if one)
        raise OptionUnusable(f"'{value}' is not a {option}. Accepted: {listed}.", field=option)
