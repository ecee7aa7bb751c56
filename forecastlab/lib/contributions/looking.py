"""Live pages, access, look-ups, and what apps tell of each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forecastlab.lib.contributions.work import Json


@dataclass(frozen=True, slots=True)
class LiveRegion:
    """A part of a page that follows a stream.

    `push`: `render(key)` gives the HTML, the same for all viewers, with the id `element_id(key)`.
    `fetch`: the browser asks the region's own URL again, because it depends on the viewer.
    """

    name: str
    mode: str
    element_id: Callable[[str], str]
    render: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class EventStream:
    """Streams of one prefix (`run` for `run.12`), who may read them, what follows them."""

    prefix: str
    can_read: Callable[[Any, str], bool]
    regions: tuple[LiveRegion, ...] = ()


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A named check of the installation: "" when well, else what is wrong and what to do."""

    name: str
    check: Callable[[], str]
    readiness: bool = False


@dataclass(frozen=True, slots=True)
class Referrer:
    """Says which objects hold a given one, and why: `holders("dataset_version", pk)`."""

    name: str
    holders: Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class ArtefactReferrer:
    """Says which artefacts rows of an app need, by digest: what nobody needs is swept."""

    name: str
    digests: Callable[[], Iterable[str]]


@dataclass(frozen=True, slots=True)
class LinkProbe:
    """Says which references to one kind of object are alive (True) and which are dead (False).

    `alive` asks once for all of them, whoever the viewer is; one that it does not speak of is
    unknown. `address` is the page of one that is alive, where there is such a page.
    """

    kind: str
    title: str
    alive: Callable[[Sequence[str]], Mapping[str, bool]]
    address: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What the story of a run that ended may be told from: `steps` is what each one found."""

    run_id: int
    job_ids: Sequence[int]
    steps: Mapping[str, Json]
    at: datetime


@dataclass(frozen=True, slots=True)
class StorySlot:
    """Fills one slot of the story of a kept run, such as `approval_events`, when the run ends.

    `tell` runs in the transaction that ends the run, or that keeps one which had ended, and gives
    what JSON can hold; None says that there is nothing to tell.
    """

    name: str
    tell: Callable[[Told], Any]


@dataclass(frozen=True, slots=True)
class SearchHit:
    """Something that a search found. `snippet` is text in pieces, True where a word was asked for.

    All of it is data, never markup.
    """

    title: str
    url: str
    detail: str = ""
    snippet: Sequence[tuple[str, bool]] = ()


@dataclass(frozen=True, slots=True)
class SearchSource:
    """Finds one kind of object by what somebody typed.

    `find(user, text, most)` gives what `user` may see, the best first, at most `most`; it asks the
    database once, however much there is. `verb` is that of the pages it leads to. `everything`
    is the address of the list with all that match, where there is one.
    """

    name: str
    title: str
    verb: str
    find: Callable[[Any, str, int], Sequence[SearchHit]]
    everything: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    """A number that somebody put on one period of a series; `about` says who and why."""

    period: str
    units: float
    about: str


@dataclass(frozen=True, slots=True)
class SeriesDots:
    """Numbers beside the forecast of a series, drawn as dots on its chart.

    `title` names them in the words of the reader's language. `find` is given the series and the
    labels of the periods that are forecast; it asks the database once. Who may read the forecast
    may read these.
    """

    name: str
    title: Callable[[], str]
    find: Callable[[int, Sequence[str]], Sequence[Dot]]


@dataclass(frozen=True, slots=True)
class Ask:
    """Something that waits for a person, until `due_at`."""

    title: str
    detail: str
    url: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class AskSource:
    """Tells what waits for a person: `waiting(user, most)` gives how many there are, and the first.

    Nobody without `verb` is asked for. `stream` hears of news, `everything` is the address of all,
    `counted` that of the count in the navigation. Of none (`most` 0) only the count is asked for.
    """

    name: str
    verb: str
    stream: str
    everything: Callable[[], str]
    waiting: Callable[[Any, int], tuple[int, Sequence[Ask]]]
    counted: Callable[[], str] | None = None
