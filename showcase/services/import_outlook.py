"""What a received bundle holds, and what would become of it here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain.config import title_of
from forecastlab.lib import figures
from forecastlab.lib.errors import HouseError
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import carried
from showcase.domain import bundles
from showcase.services import importing
from showcase.services.importing import Received

Fact = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outlook:
    """`problem` says why it cannot be imported, and is empty where it can."""

    received: Received
    version: DatasetVersion | None
    problem: str

    @property
    def name(self) -> str:
        return self.received.story.name

    @property
    def status(self) -> str:
        return str(self.received.story.run["status"])

    @property
    def verdict(self) -> str:
        told = {"size": figures.size(self.received.size), "key": self.received.story.key_id}
        if self.received.is_ours:
            return _("All %(size)s are as this installation signed them.") % told
        return _("All %(size)s are as they were signed, by key %(key)s.") % told

    def facts(self) -> Iterator[Fact]:
        story = self.received.story
        run = story.run
        yield {"label": _("File"), "value": self.received.file_name}
        yield {"label": _("Workspace"), "value": story.name}
        yield {"label": _("Run there"), "value": run["id"]}
        yield {"label": _("Begun"), "value": f"{run['created_at']:%Y-%m-%d %H:%M} UTC"}
        yield {"label": _("Took"), "value": figures.duration(run["seconds"])}
        yield {
            "label": _("Best model"),
            "value": title_of(run["winner"]) if run["winner"] else None,
        }
        yield {"label": _("SHA-256"), "value": self.received.sha256, "mono": True}

    def comes(self) -> Iterator[str]:
        """Yield what becomes rows here."""
        story = self.received.story
        steps = ngettext("The run with 1 step", "The run with %(n)s steps", len(story.steps))
        yield steps % {"n": len(story.steps)}
        yield _("Notes, tags, story, lineage and events")
        if self.version is not None:
            yield _("Its sales are here: %s") % self.version.ref
        elif story.has_sales and story.dataset:
            told = {
                "rows": figures.number(story.dataset["rows"]),
                "name": carried.free_name(story.dataset["name"]),
            }
            yield _("Its sales, %(rows)s rows, as dataset '%(name)s'") % told

    def stays(self) -> Iterator[str]:
        """Yield what does not come along."""
        story = self.received.story
        if self.version is None and not story.has_sales:
            yield importing.without_sales(story)
        yield _("Comparisons, forecasts and model runs stay there, and links to them lead nowhere.")
        if bundles.MODELS in story.contents:
            yield _("The models in the bundle are not registered here.")


def of(ticket: str, *, by: User) -> Outlook:
    """Return what lies behind a ticket; raises UploadGone, BundleRefused."""
    received = importing.redeem(ticket, by=by)
    problem = ""
    try:
        importing.check_new(received.sha256, by=by)
    except HouseError as error:
        problem = error.message
    version = carried.existing(received.story.run["content_hash"], by=by)
    return Outlook(received, version, problem)
