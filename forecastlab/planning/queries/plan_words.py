"""Plans in words and drawings: what was assumed, what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import dateformat as dates
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from forecastlab.forecasting.queries import labels
from forecastlab.lib import figures, plots

Json = Mapping[str, Any]
MOST_GROUPS = 12
OFFERS = {
    "pct_off": gettext_lazy("Percent off"),
    "bogo": gettext_lazy("Two for one"),
    "bundle": gettext_lazy("Bundle"),
    "markdown": gettext_lazy("Markdown"),
}
LIVES = {
    "launch": gettext_lazy("Launch"),
    "growth": gettext_lazy("Growth"),
    "maturity": gettext_lazy("Maturity"),
    "decline": gettext_lazy("Decline"),
}


def methods() -> Mapping[str, str]:
    return {
        "model": _("Forecast again with and without the plan"),
        "elasticity": _("By effects learnt from this dataset"),
        "assumed": _("As the plan assumes"),
    }


def kinds() -> Mapping[str, str]:
    return {
        "category": _("Category"),
        "store": _("Store"),
        "product": _("Product"),
    }


def scope(told: Json) -> str:
    """Return whom an assumption is about."""
    words = {
        "all": _("the whole portfolio"),
        "category": _("category %(value)s"),
        "product": _("product %(value)s"),
        "store": _("store %(value)s"),
        "region": _("region %(value)s"),
        "series": _("series %(value)s"),
    }
    return words[told.get("kind") or "all"] % {"value": told.get("value", "")}


def assumption(one: Json) -> str:
    """Return an assumption in one line; one that was typed wrong by its kind alone."""
    try:
        return _assumption(one)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return str(one.get("kind", ""))


def _assumption(one: Json) -> str:
    said = {"scope": scope(one.get("scope") or {}), "span": span(one)}
    if one["kind"] == "price":
        said["change"] = figures.signed_percent(one["change_pct"])
        return _("Price %(change)s for %(scope)s, %(span)s") % said
    if one["kind"] == "promotion":
        said["what"] = _offer(one)
        return _("Promotion (%(what)s) for %(scope)s, %(span)s") % said + _own(one)
    if one["kind"] == "holiday":
        said["days"] = ", ".join(_short(str(day)) for day in one["dates"])
        return _("Holiday on %(days)s for %(scope)s") % said + _own(one)
    if one["kind"] == "inventory":
        said["units"] = figures.number(one["on_hand_units"])
        return _("Stock of %(units)s units for %(scope)s") % said
    said["stage"] = str(LIVES[one["stage"]])
    return _("Stage of life %(stage)s for %(scope)s, %(span)s") % said


def span(one: Json) -> str:
    start, end = one.get("start"), one.get("end")
    if not start and not end:
        return _("all along")
    start, end = (_short(str(one)) if one else "…" for one in (start, end))
    return str(start) if start == end else _("%(start)s to %(end)s") % {"start": start, "end": end}


def _offer(one: Json) -> str:
    """Return what is offered, as in "Markdown, −20.0 %", or the signal that tells of it."""
    what = str(OFFERS.get(one.get("promotion") or "", one.get("signal") or ""))
    return f"{what}, {figures.signed_percent(-one['discount'])}" if one.get("discount") else what


def _own(one: Json) -> str:
    if one.get("uplift") is None:
        return ""
    return _(", assumed %(uplift)s") % {"uplift": figures.signed_percent(one["uplift"])}


def conclusion(result: Json) -> str:
    """Return what came of a plan in one sentence."""
    units, revenue = result["units"], result["revenue"]
    said = {"units": figures.signed_percent(units["share"])}
    if revenue is None:
        return _("Units %(units)s") % said
    said["revenue"] = figures.signed_percent(revenue["share"])
    return _("Units %(units)s, revenue %(revenue)s") % said


def kpis(result: Json) -> list[dict[str, Any]]:
    """Return the changes with the range that 8 of 10 draws lie in."""
    titles = {"units": _("Units"), "revenue": _("Revenue"), "margin": _("Margin")}
    reasons = {"revenue": _("no price is known"), "margin": _("no cost is known")}
    found = []
    for name, title in titles.items():
        one = result[name]
        if one is None:
            found.append({"label": title, "value": None, "about": reasons[name]})
            continue
        low, high = figures.signed(one["low80"]), figures.signed(one["high80"])
        about = _("8 in 10: %(low)s to %(high)s") % {"low": low, "high": high}
        if one["series"] < result["series"]:
            about += "; " + _("of %(n)s series") % {"n": figures.number(one["series"])}
        note = figures.signed_percent(one["share"])
        found.append(
            {"label": title, "value": figures.signed(one["delta"]), "note": note, "about": about}
        )
    if result.get("substitutes"):
        found.append(substitutes(result["substitutes"]))
    if result["stock"]:
        found.append(stock(result["stock"]))
    return found


def brief(result: Json) -> list[dict[str, Any]]:
    """Return the same beside a form: changes with their ranges, and the effects behind them."""
    found = [
        {
            "label": one["label"],
            "value": f"{one['value']} ({one['note']})" if one.get("note") else one["value"],
            "about": one.get("about", ""),
        }
        for one in kpis(result)
        if one["value"]
    ]
    told = [
        {
            "label": _("Effect of %(signal)s") % {"signal": one["name"]},
            "value": f"{one['planned']} ± {one['planned_error']}",
        }
        for one in effects(result)
    ]
    return [*found, *told]


def substitutes(told: Json) -> dict[str, Any]:
    """Return what products that stand in for each other take from one another, or bring."""
    low, high = figures.signed(told["low80"]), figures.signed(told["high80"])
    words = ngettext(
        "8 in 10: %(low)s to %(high)s units, in %(n)s series",
        "8 in 10: %(low)s to %(high)s units, in %(n)s series",
        told["series"],
    )
    about = words % {"low": low, "high": high, "n": figures.number(told["series"])}
    title = _("Cannibalisation") if told["units"] < 0 else _("From substitutes")
    return {"label": title, "value": figures.signed(told["units"]), "about": about}


def stock(told: Json) -> dict[str, Any]:
    words = {
        "covered": _("Covered"),
        "at_risk": _("At risk"),
        "stockout": _("Runs out"),
    }
    lost, chance = figures.number(told["lost"]), figures.percent(told["chance_of_running_out"], 0)
    said = {"lost": lost, "chance": chance}
    about = _("%(lost)s units not sold; runs out in %(chance)s of draws") % said
    return {"label": _("Stock"), "value": words[told["verdict"]], "about": about, "long": True}


def effects(result: Json) -> list[dict[str, Any]]:
    """Return what each moved signal does, with its standard error."""
    return [
        {
            "name": one["signal"],
            "value": figures.signed(one["value"], 2),
            "error": figures.number(one["standard_error"], 2),
            "interval": _span(one["low95"], one["high95"]),
            "planned": figures.signed(one["planned_mean"], 2),
            "planned_error": figures.number(one["planned_error"], 2),
            "series": figures.number(one["series"]),
        }
        for one in result["effects"]
    ]


def _span(low: float, high: float) -> str:
    return f"{figures.signed(low, 2)} … {figures.signed(high, 2)}"


def how(result: Json) -> list[dict[str, str]]:
    """Return which series were planned by which method."""
    words = methods()
    return [
        {
            "method": words[one["method"]],
            "series": ngettext("%(n)s series", "%(n)s series", one["series"])
            % {"n": figures.number(one["series"])},
            "models": ", ".join(one["models"]),
        }
        for one in result["methods"]
    ]


def groups(result: Json) -> list[dict[str, Any]]:
    """Return tables of what changes where, for groups that there are several of."""
    found = []
    for kind, title in kinds().items():
        rows = result["groups"].get(kind, [])
        if len(rows) < 2:
            continue
        shown = [
            {
                "name": one["name"] or "–",
                "without": figures.number(one["without"]),
                "delta": figures.signed(one["delta"]),
                "share": figures.signed_percent(
                    one["delta"] / one["without"] if one["without"] else None
                ),
                "range": f"{figures.signed(one['low80'])} … {figures.signed(one['high80'])}",
                "revenue": figures.signed(one["revenue"]) if result["revenue"] else "–",
            }
            for one in rows[:MOST_GROUPS]
        ]
        found.append({"title": title, "rows": shown, "more": max(len(rows) - MOST_GROUPS, 0)})
    return found


def lines(result: Json) -> dict[str, Any] | None:
    """Return a drawing of both paths that needs no script."""
    told = {_("Without"): result["without"], _("Planned"): result["planned"]}
    names = [_short(str(one)) for one in result["labels"]]
    ends = [names[0], *[""] * (len(names) - 2), names[-1]] if len(names) > 1 else names
    plot = plots.lines(told, ends)
    if plot is None:
        return None
    drawn = [
        {"kind": kind, "title": one.name, "path": one.path, "end": one.end}
        for kind, one in zip(("s1", "s2"), plot.lines, strict=True)
    ]
    return {"lines": drawn, "up": plot.up, "along": plot.along}


def day(label: str, written: str = "j M Y") -> str:
    """Return the day of a label, "2 Jun 2026"; one that is no date as it is."""
    try:
        return str(dates.format(datetime.fromisoformat(label), written))
    except ValueError:
        return label


def _short(label: str) -> str:
    """Return the day of a label without its year."""
    return day(label, "j M")


def chart(result: Json) -> dict[str, Any]:
    """Return the past and both paths for `components/chart.html`."""
    past, ahead = result["past"]["labels"], result["labels"]
    blank, none = [None] * len(past), [None] * len(ahead)
    return {
        "t": [*past, *ahead],
        "actual": [*result["past"]["sold"], *none],
        "forecast": [*blank, *result["without"]],
        "forecast_label": _("Forecast, %(n)s periods") % {"n": len(ahead)},
        "low80": [*blank, *result["low80"]],
        "high80": [*blank, *result["high80"]],
        "overlays": [{"title": _("Planned"), "values": [*blank, *result["planned"]]}],
        "folds": [],
        "window": len(past) + len(ahead),
        "words": {"actual": _("Actual"), "forecast": _("Without the plan")},
    }


def columns() -> list[str]:
    return [_("Period"), _("Without"), _("Planned"), _("Change"), _("Planned, 80 %")]


def rows(result: Json) -> list[list[str]]:
    """Return both paths as a table."""
    told = zip(
        result["labels"],
        result["without"],
        result["planned"],
        result["low80"],
        result["high80"],
        strict=True,
    )
    return [
        [
            str(label),
            labels.quantity(without),
            labels.quantity(planned),
            figures.signed(planned - without, 1),
            labels.span(low, high),
        ]
        for label, without, planned, low, high in told
    ]


def sentence(result: Json) -> str:
    """Return what a reader hears instead of the drawing."""
    units = result["units"]
    said = {
        "without": figures.number(units["without"]),
        "planned": figures.number(units["planned"]),
        "first": result["labels"][0],
        "last": result["labels"][-1],
    }
    return (
        _("%(planned)s units with the plan against %(without)s without, %(first)s to %(last)s")
        % said
    )


def ranked(rows: Sequence[Json], measure: str) -> list[dict[str, Any]]:
    """Return plans as bars: the best one first, as long as it is better than nothing gained.

    Where all lose, than the greatest loss.
    """
    values = [one.get(measure) for one in rows]
    told = [one for one in values if one is not None] or [0.0]
    base = 0.0 if max(told) > 0 else min(told)
    most = max(max(told) - base, -base) or 1.0
    return [
        {
            "name": one["name"],
            "share": 0.0 if value is None else max(value - base, 0.0) / most,
            "value": figures.signed(value) if value is not None else "–",
            "note": "",
        }
        for one, value in zip(rows, values, strict=True)
    ]
