"""The frozen configuration as names and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.queries import verdicts
from forecastlab.lib import dates, figures
from showcase.models import Run


def of(run: Run) -> list[Mapping[str, Any]]:
    version, config = run.version, run.config
    noun = BY_FREQUENCY[version.frequency if version else "D"].noun
    window = dates.window(version.first, version.last) if version else None
    rows: list[Mapping[str, Any]] = [
        _dataset(run),
        *_kept_as(run),
        *_imported(run),
        {"label": _("Window"), "value": window},
        {"label": _("Horizon"), "value": f"{config['horizon']} {noun}, {_folds(config)}"},
        {"label": _("Ranked by"), "value": _metric(config["metric"])},
        {"label": _("Models"), "value": figures.number(len(config["models"]))},
        {"label": _("Seed"), "value": config["seed"]},
        {"label": _("As of"), "value": dates.day(config["as_of"])},
        {"label": _("Config"), "value": figures.short_hash(run.config_hash), "mono": True},
    ]
    if run.frame_hash:
        short = figures.short_hash(run.frame_hash)
        rows.append({"label": _("Frame"), "value": short, "mono": True})
    if run.content_hash:
        short = figures.short_hash(run.content_hash)
        rows.append({"label": _("Sales"), "value": short, "mono": True})
    if "policy" in config:
        rows.append({"label": _("Chosen by"), "value": dict(verdicts.choices())[config["policy"]]})
    if config["keep_going"]:
        rows.append({"label": _("At a failure"), "value": _("keep going")})
    rows += [
        {"label": label, "value": figures.duration(config[name])}
        for name, label in (("step_timeout", _("Each step")), ("run_timeout", _("All of it")))
        if name in config
    ]
    if not config.get("reuse", True):
        rows.append({"label": _("Equal results"), "value": _("computed anew")})
    return rows


def _kept_as(run: Run) -> list[Mapping[str, Any]]:
    if not run.kept_as:
        return []
    url = reverse("showcase:workspace", args=[run.kept_as])
    kept = {"label": _("Kept as"), "value": run.kept_as, "url": url}
    source = [one["name"] for one in run.workspace.ancestors[-1:]]
    if not source:
        return [kept]
    told = {"name": source[0], "mode": run.workspace.get_replay_mode_display().lower()}
    return [kept, {"label": _("Replays"), "value": _("%(name)s, %(mode)s") % told}]


def _imported(run: Run) -> list[Mapping[str, Any]]:
    origin = run.workspace.origin if run.kept_as else None
    if not origin:
        return []
    told = {"name": origin["workspace"], "run": origin["run"], "key": origin["installation"]}
    value = _("%(name)s, run %(run)s, signed by key %(key)s") % told
    return [{"label": _("Imported from"), "value": value}]


def _dataset(run: Run) -> Mapping[str, Any]:
    label = _("Dataset")
    if run.version is None:
        why = _("simulated") if run.scenario else _("not here")
        return {"label": label, "value": f"{run.config['dataset']} ({why})"}
    return {"label": label, "value": run.version.ref, "url": run.version.get_absolute_url()}


def _folds(config: Mapping[str, Any]) -> str:
    told = ngettext("1 fold", "%(n)s folds", config["folds"]) % {"n": config["folds"]}
    if config["step"] != config["horizon"]:
        told = f"{told}, {_('every')} {config['step']}"
    told = f"{told}, {_('gap')} {config['gap']}" if config["gap"] else told
    window = config.get("window")
    return f"{told}, {_('learning from')} {window}" if window else told


def _metric(metric: str) -> str:
    return _("%(metric)s, all series") % {"metric": metric.upper()}
