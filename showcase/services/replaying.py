"""Replays: what a workspace recorded is run again, and kept beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.accounts.services.access import check
from forecastlab.forecasting.domain.serving import ASIDE
from forecastlab.lib.errors import BadInput, Conflict
from forecastlab.warehouse.domain.simulator.config import KNOBS
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import imports
from showcase.domain import config as rules
from showcase.domain import workspaces as naming
from showcase.domain.config import Sales
from showcase.models import Run, Workspace
from showcase.queries import new_run, pipeline
from showcase.services import configs, runs, workspaces
from showcase.services.configs import Prepared
from showcase.services.workspaces import WorkspaceNameTaken

Mode = Workspace.ReplayMode
TRIES, LONGEST_NAME, LONGEST_TOLD = 5, 100, 200
FLAGS = {"true": True, "false": False}
# Who starts a run on the page is there to answer what its agents ask for.
PATIENT = {"approval_patience_s": 30}


class ReplayUnusable(BadInput):
    """This workspace cannot be replayed so."""

    code = "replay_unusable"


class StillAtWork(Conflict):
    """The run is still at work; what it comes to is not known yet."""

    code = "still_at_work"


class SalesGone(Conflict):
    """The sales of this workspace are not there any more."""

    code = "sales_gone"


@dataclass(frozen=True, slots=True)
class Asked:
    """How to replay: `changes` are options and knobs in place of those recorded.

    `whole` are all options at once, as a form gives them. `keep` names the new workspace; left
    out, it is called after its source.
    """

    mode: str = Mode.EXACT
    changes: Mapping[str, Any] = field(default_factory=dict)
    keep: str = ""
    whole: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.mode not in Mode.values:
            known = ", ".join(Mode.values)
            raise ReplayUnusable(
                _("There is no mode '%(mode)s'. Known: %(known)s.")
                % {"mode": self.mode, "known": known},
                field="mode",
            )
        if self.changes and self.mode != Mode.MODIFIED:
            raise ReplayUnusable(_("Options are set in the mode 'modified' only."), field="set")


def start(source: Workspace, asked: Asked, *, by: User, at: datetime) -> Run:
    """Start a replay and keep it under its own name, with where it comes from.

    Raises what `prepare` raises.
    """
    for left in reversed(range(TRIES)):
        prepared = prepare(source, asked, by=by, at=at)
        try:
            return _start(source, asked.mode, prepared, by=by, at=at)
        except WorkspaceNameTaken:  # somebody else replays it at the same moment
            if asked.keep or not left:
                raise
    raise AssertionError("the last try returns or raises")


def _start(source: Workspace, mode: str, prepared: Prepared, *, by: User, at: datetime) -> Run:
    with transaction.atomic():
        run = runs.start_prepared(prepared, by=by, at=at)
        Workspace.objects.filter(run=run).update(
            replayed_from=source.key,
            replay_mode=mode,
            family=source.family,
            ancestors=[*source.ancestors, {"key": source.key, "name": source.name}],
        )
    return run


def prepare(source: Workspace, asked: Asked, *, by: User, at: datetime) -> Prepared:
    """Return what would run, without writing anything.

    Raises StillAtWork, SalesGone, or BadInput naming the option that does not fit.
    """
    run = source.run
    if run.is_active:
        raise StillAtWork(
            _("Run %(n)s is still at work.") % {"n": run.pk}, hint=_("Replay it when it has ended.")
        )
    keep = naming.checked(asked.keep) if asked.keep else next_name(source)
    workspaces.check_free(keep)
    if asked.mode == Mode.EXACT:
        prepared = _exact(run, by=by)
        _check_config(source, prepared, by=by, at=at)
    else:
        prepared = configs.prepare(options(source, asked, by=by), by=by, at=at)
    orders = {**prepared.orders, "replays": run.pk}
    return replace(prepared, keep=keep, orders=orders)


def options(source: Workspace, asked: Asked, *, by: User) -> dict[str, Any]:
    """Return what is asked of a run, in the words of a config.

    What an imported one calls its dataset may be something else here: it goes by its content.
    """
    run, is_fresh = source.run, asked.mode == Mode.FRESH
    if asked.whole is not None and not is_fresh:
        return dict(asked.whole)
    base = new_run.options_of(run) if is_fresh else new_run.recorded(run)
    other_sales = not is_fresh and bool({"scenario", "dataset"} & asked.changes.keys())
    if source.origin is not None and "dataset" in base and not other_sales:
        version = _same_version(run, by)
        base["dataset"] = version.dataset.name if is_fresh else version.ref
    return base if is_fresh else rules.completed(asked.changes, base)


def start_form(
    given: Mapping[str, Any], source: Workspace | None, *, by: User, at: datetime
) -> Run:
    """Start what the form of a new run asks for: a run, or a modified replay of a workspace.

    Raises what `runs.start` or `start` raises, and Forbidden for who may not replay.
    """
    if source is None:
        return runs.start({**PATIENT, **given}, by=by, at=at)
    check(by, "workspace.replay")
    return start(source, of_form(given), by=by, at=at)


def of_form(given: Mapping[str, Any]) -> Asked:
    """Return what the form of a new run asks of a replay."""
    _check_apart(given, "reset")
    keep = given.get("keep")
    whole = {key: value for key, value in given.items() if key != "keep"}
    return Asked(Mode.MODIFIED, keep=keep if isinstance(keep, str) else "", whole=whole)


def changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was set by name: options as they are called, and knobs of the simulator."""
    _check_apart(given, "reset", "keep")
    knobs = {name: value for name, value in given.items() if name in KNOBS}
    rest = {name: _flag(one) for name, one in given.items() if name not in knobs}
    drawn = rest.pop("simulate", None) or {}
    if not isinstance(drawn, Mapping):
        raise ReplayUnusable(_("Knobs are given as name and value."), field="simulate")
    return {**rest, **({"simulate": {**drawn, **knobs}} if drawn or knobs else {})}


def kept(source: Workspace) -> dict[str, Any]:
    """Return what the form of a replay says of its name, which it has in any case."""
    return {"keep": True, "keep_as": next_name(source)}


def _check_apart(given: Mapping[str, Any], *names: str) -> None:
    """Refuse what is never a setting of a replay: its name, and what deletes."""
    for name in names:
        if given.get(name):
            hint = _("Confirm it on the page of the replay.") if name == "reset" else ""
            message = _("'%s' is not a setting of a replay.") % name
            raise ReplayUnusable(message, hint=hint, field=name)


def _flag(value: Any) -> Any:
    return FLAGS.get(value, value) if isinstance(value, str) else value


def next_name(source: Workspace) -> str:
    """Return NAME-rN, one more than the highest that there is."""
    stem = f"{source.name[: LONGEST_NAME - 6]}-r"
    names = Workspace.objects.filter(name__startswith=stem).values_list("name", flat=True)
    numbers = [int(rest) for one in names if (rest := one[len(stem) :]).isdecimal()]
    return f"{stem}{max(numbers, default=0) + 1}"


# -- exact ------------------------------------------------------------------------------------


def _exact(run: Run, *, by: User) -> Prepared:
    """Return the stored config as it stands, over the same sales and with the same rows.

    Nothing is taken over from earlier runs, nothing is deleted, and what serves stays; the facts
    are counted anew.
    """
    config = run.config
    version = None if config["simulate"] else _same_version(run, by)
    if version is None:
        imports.check_name(config["scenario"], by=by)
    names = list(run.steps.in_order().values_list("name", flat=True))
    rows = pipeline.planned({**config, "rows": names})
    sales = configs.sales_of(version) if version else Sales(name=config["dataset"])
    return Prepared(
        config=config,
        config_hash=rules.digest(config, steps=[row.step.name for row in rows]),
        rows=rows,
        sales=rules.drawn(sales, config),
        dataset=version.dataset if version else configs.existing(config["dataset"]),
        version=version,
        keep=None,
        warnings=(),
        orders={
            **({"version": version.pk} if version else {}),
            "rows": names,
            "reuse": False,
            "reset": False,
            "check_sales": True,
            "alias": ASIDE,
        },
    )


def _same_version(run: Run, by: User) -> DatasetVersion:
    """Return the version that the run worked on, or one with the same sales."""
    visible = DatasetVersion.objects.visible_to(by).select_related("dataset")
    same = visible.filter(content_hash=run.content_hash)
    asked = same.filter(pk=run.config["version"])
    found: DatasetVersion | None = asked.first() or same.order_by("-pk").first()
    if found is None:
        raise _gone(run)
    return found


def _gone(run: Run) -> SalesGone:
    told = {"dataset": run.config["dataset"], "n": run.pk, "hash": run.content_hash or "–"}
    kept = Workspace.objects.filter(run=run).first()
    if kept is not None and kept.origin is not None:
        message = _(
            "The sales that it worked on, a version of '%(dataset)s', are not here: no dataset "
            "that you may read has the content %(hash)s."
        )
        return SalesGone(message % told, hint=_("Import them, or a bundle that holds them."))
    message = _("The sales that run %(n)s worked on, a version of '%(dataset)s', are gone.")
    return SalesGone(message % told, hint=_("Replay it fresh, over the newest version."))


def _check_config(source: Workspace, prepared: Prepared, *, by: User, at: datetime) -> None:
    """Hold a config from elsewhere to the rules of the form, which has made those of here.

    Raises BadInput naming the option, or ReplayUnusable for one that no form would come to.
    """
    if source.origin is None:
        return
    asked = {**new_run.recorded(source.run), "seed": prepared.config["seed"]}
    if prepared.version is not None:
        asked["dataset"] = prepared.version.ref
    made = configs.prepare(asked, by=by, at=at).config
    labels = ("dataset",) if prepared.version is not None else ()
    told, would = ({**one, "models": sorted(one["models"])} for one in (prepared.config, made))
    for key in sorted({*told, *would} - {*rules.LABELS, *labels, "reset"}):
        if told.get(key) != would.get(key):
            raise ReplayUnusable(
                _("The imported config has %(key)s = %(told)s, which no run here would have.")
                % {"key": key, "told": str(told.get(key))[:LONGEST_TOLD]},
                hint=_("Replay it fresh, or modified."),
                field=key,
            )
