"""Tags and filters that every template may use: `{% load house %}`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from django import template
from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dateformat import format as dated
from django.utils.html import format_html, format_html_join
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from forecastlab import navigation as nav
from forecastlab.accounts.services import access
from forecastlab.lib import dates, figures, svg
from forecastlab.lib.statuses import Look, look_of

register = template.Library()

TONE_ICONS = {
    "ask": "hand",
    "ok": "circle-check",
    "warn": "triangle-alert",
    "bad": "circle-x",
}


# -- numbers ----------------------------------------------------------------------------------
@register.filter
def number(value: Any, places: int = 0) -> str:
    """{{ rows|number }} gives 1,234,567; {{ mase|number:2 }} gives 0.91."""
    return figures.number(value, int(places))


@register.filter
def signed(value: Any, places: int = 0) -> str:
    """{{ bias|signed:1 }} gives +1.4."""
    return figures.signed(value, int(places))


@register.filter
def percent(value: Any, places: int = 1) -> str:
    """{{ wape|percent }} gives 29.8 % from 0.298."""
    return figures.percent(value, int(places))


@register.filter
def signed_percent(value: Any, places: int = 1) -> str:
    """{{ bias|signed_percent }} gives +1.4 % from 0.014."""
    return figures.signed_percent(value, int(places))


@register.filter
def points(value: Any) -> str:
    """{{ delta|points }} gives +0.5 pt from 0.005."""
    return figures.points(value)


@register.filter
def factor(value: Any) -> str:
    """{{ ratio|factor }} gives × 1.30."""
    return figures.factor(value)


@register.filter
def of_total(part: int, total: int) -> str:
    """{{ done|of_total:all }} gives 5,727 of 9,974."""
    return figures.of_total(part, total)


@register.filter
def duration(seconds: Any) -> str:
    """{{ step.seconds|duration }} gives 3 min 05 s."""
    return figures.duration(seconds)


@register.filter
def clock(seconds: Any) -> str:
    """{{ run.seconds|clock }} gives 1:42."""
    return figures.clock(seconds)


@register.filter
def size(count: Any) -> str:
    """{{ artefact.size|size }} gives 1.2 GB."""
    return figures.size(count)


@register.filter
def short_hash(digest: str) -> str:
    """{{ digest|short_hash }} gives 9f3c…a41e."""
    return figures.short_hash(digest)


# -- times ------------------------------------------------------------------------------------
@register.filter
def day(value: date | str | None) -> str:
    """{{ version.last|day }} gives 19 Nov 2026; ISO text is understood."""
    return dates.day(value)


@register.simple_tag
def time_tag(value: datetime | None, show: str = "clock") -> SafeString:
    """Write a moment in UTC that the browser turns into the reader's zone.

    `show` is clock (14:32, Thu 14:00, 13 Nov), seconds (14:32:06) or full.
    """
    if value is None:
        return SafeString(figures.UNKNOWN)
    moment = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" data-as="{}" title="{}">{}</time>',
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        show,
        dated(moment, "j F Y, H:i:s") + " UTC",
        _moment_text(moment, show),
    )


@register.simple_tag
def elapsed(since: datetime, took: str = "") -> SafeString:
    """Write how long it is since a moment: `took` by now, the browser counts on."""
    return format_html(
        '<time datetime="{}" data-as="elapsed">{}</time>', since.astimezone(UTC).isoformat(), took
    )


def _moment_text(moment: datetime, show: str) -> str:
    if show == "full":
        return dated(moment, "j M Y, H:i") + " UTC"
    if show == "seconds":
        return dated(moment, "H:i:s")
    now = timezone.now()
    if moment.date() == now.date():
        return dated(moment, "H:i")
    if 0 <= (now.date() - moment.date()).days < 7:
        return dated(moment, "D H:i")
    return dated(moment, "j M" if moment.year == now.year else "j M Y")


# -- looks ------------------------------------------------------------------------------------
@register.simple_tag
def icon(name: str, title: str = "") -> SafeString:
    """{% icon "play" %}: silent for readers unless it has a title."""
    url = f"{static('icons.svg')}#{name}"
    if title:
        return format_html(
            '<svg class="icon icon-{}" role="img" aria-label="{}"><use href="{}"></use></svg>',
            name,
            title,
            url,
        )
    return format_html(
        '<svg class="icon icon-{}" aria-hidden="true"><use href="{}"></use></svg>', name, url
    )


@register.filter
def look(status: str) -> Look:
    """Icon, word and colour of a status: {% with look=status|look %}."""
    return look_of(status)


@register.filter
def segment(status: str) -> str:
    """Colour of a step in the bar: {{ step.status|segment }}."""
    found = look_of(status)
    return "skipped" if found == look_of("skipped") else found.tone


@register.filter
def tone_icon(tone: str) -> str:
    """Icon of a banner: {% icon tone|tone_icon %}."""
    return TONE_ICONS.get(tone, "info")


@register.filter
def width(share: Any) -> str:
    """{{ row.share|width }} gives 57.30% from 0.573, kept between 0 and 100."""
    return f"{min(max(float(share or 0), 0.0), 1.0) * 100:.2f}%"


@register.simple_tag
def sparkline(values: Sequence[float | None]) -> svg.Line | None:
    """{% sparkline values as line %}: the geometry of a sparkline."""
    return svg.sparkline(values)


@register.filter
def strip(values: Sequence[float | None]) -> str:
    """{{ values|strip }}: the path of a drawing that is as wide as the chart above it."""
    return svg.strip(values)


@register.filter
def table_rows(rows: Sequence[Sequence[str]]) -> SafeString:
    """{{ rows|table_rows }}: rows of texts, the first of each its head; long tables at once."""
    written = (
        (cells[0], format_html_join("", '<td class="num">{}</td>', ((one,) for one in cells[1:])))
        for cells in rows
    )
    return format_html_join("\n", '<tr><th scope="row">{}</th>{}</tr>', written)


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> str:
    """The reader's choice: light, dark, or empty for what the system says."""
    chosen = _preference(context, "theme")
    return chosen if chosen in {"light", "dark"} else ""


@register.simple_tag(takes_context=True)
def time_zone(context: template.Context) -> str:
    """The reader's zone for times, or empty for the browser's."""
    return _preference(context, "time_zone")


@register.simple_tag(takes_context=True)
def shortcuts(context: template.Context) -> str:
    """Say whether single keys act on pages: `on`, or `off` for who has switched them off."""
    return "off" if _preference(context, "has_shortcuts") == str(False) else "on"


def _preference(context: template.Context, name: str) -> str:
    user = getattr(context.get("request"), "user", None)
    return str(getattr(getattr(user, "profile", None), name, ""))


# -- addresses and forms ----------------------------------------------------------------------
@register.filter
def ours(address: Any) -> str:
    """Return an address of a page here; empty for any other, which an imported story may hold."""
    text = address if isinstance(address, str) else ""
    stays = url_has_allowed_host_and_scheme(text, allowed_hosts=None)
    return text if text.startswith("/") and stays else ""


@register.simple_tag(takes_context=True)
def query(context: template.RequestContext, **changes: Any) -> str:
    """Write the address of this page with some parameters changed: {% query page=2 sort=None %}.

    Works under `only` too, where the request is no variable any more.
    """
    parameters = context.request.GET.copy()
    for name, value in changes.items():
        parameters.pop(name, None)
        if value not in (None, ""):
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}"


@register.filter
def order(key: str, sort: str) -> str:
    """{{ column.key|order:sort }} gives ascending, descending or nothing."""
    if not key or key != str(sort).removeprefix("-"):
        return ""
    return "descending" if str(sort).startswith("-") else "ascending"


@register.filter
def next_sort(key: str, sort: str) -> str:
    """{{ column.key|next_sort:sort }} gives the key that a click asks for."""
    return f"-{key}" if key == sort else key


@register.simple_tag(takes_context=True)
def csrf_field(context: template.RequestContext) -> SafeString:
    """Do what `csrf_token` does, and do it inside a component included with `only` as well."""
    field = '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
    return format_html(field, get_token(context.request))


@register.simple_tag(takes_context=True)
def may(context: template.RequestContext, verb: str) -> bool:
    """{% may "run.start" as can_start %}."""
    return access.may(context.request.user, verb)


@register.simple_tag
def refusal(verb: str) -> str:
    """{% refusal "run.start" as reason %}: why an action is off."""
    return access.refusal(verb)


# -- places -----------------------------------------------------------------------------------
@register.simple_tag(takes_context=True)
def navigation(context: template.Context) -> list[nav.Section]:
    """Give the places of the rail: {% navigation as sections %}."""
    request = context.get("request")
    return nav.sections(request) if request is not None else []


@register.simple_tag(takes_context=True)
def navigation_tabs(context: template.Context) -> dict[str, list[nav.Place]]:
    """The places of a phone: the first four, and the rest."""
    request = context.get("request")
    found = nav.places(request) if request is not None else []
    return {"first": found[: nav.TABS_OF_A_PHONE], "rest": found[nav.TABS_OF_A_PHONE :]}


@register.simple_tag
def plural(count: int, one: str, many: str) -> str:
    """{% plural 3 "step" "steps" %} gives 3 steps."""
    return f"{figures.number(count)} {_(one) if count == 1 else _(many)}"
