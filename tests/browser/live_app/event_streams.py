"""The stream `thing.*`: everybody reads it but charlie."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.auth import get_user_model
from django.utils.html import format_html

from forecastlab.events import queries
from forecastlab.lib.contributions import EventStream, LiveRegion

WHEN = datetime(2026, 1, 5, 14, 31, 22, tzinfo=UTC)


def panel(key: str) -> str:
    """Draw what a pushed region is made of: counts, a time, a panel, something to focus."""
    head = queries.head(f"thing.{key}")
    return format_html(
        '<section id="thing-{0}-panel" data-live-say="{1} events" data-live-say-now>'
        '<b id="thing-{0}-count" data-live-value>{1}</b>'
        '<i id="thing-{0}-people">{3}</i>'
        '<time datetime="{2}">{2}</time>'
        '<details id="thing-{0}-more"><summary>More</summary>inside {1}</details>'
        '<details id="thing-{0}-open" open><summary>Open</summary>inside</details>'
        '<a id="thing-{0}-link" href="#x">link</a></section>',
        key,
        head,
        WHEN.isoformat(),
        get_user_model().objects.count(),
    )


STREAMS = (
    EventStream(
        "thing",
        lambda user, key: user.username != "charlie",
        (LiveRegion("panel", "push", lambda key: f"thing-{key}-panel", panel),),
    ),
)
