"""Pointing an alias at another model run: past gates, once, and told to whoever comes second."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain import gates
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.gates import Gate, Name
from forecastlab.forecasting.models import Alias, ModelRun, Promotion
from forecastlab.forecasting.queries import diffs, labels
from forecastlab.forecasting.services import aliases, registry
from forecastlab.lib.errors import BadInput, Conflict, NotFound
from forecastlab.warehouse.services import versions

LONGEST_NOTE = 500


class NoAliasOfDataset(NotFound):
    """The dataset has no such alias."""

    code = "no_such_alias"


class AliasMoved(Conflict):
    """Somebody else has pointed the alias at another model run meanwhile."""

    code = "alias_moved"


class AlreadyThere(Conflict):
    """The alias points at this model run already."""

    code = "already_there"


class MadeToTeach(Conflict):
    """A model run that was made to teach serves nobody."""

    code = "made_to_teach"


class ModelRunGone(NotFound):
    """This model run has just been deleted; nothing was changed."""

    code = "model_run_gone"


class GatesRefuse(Conflict):
    """A gate refuses."""

    code = "gates_refuse"

    def __init__(self, asked: Sequence[Asked], *, missing: Sequence[str]) -> None:
        self.asked = asked
        self.missing = list(missing)
        refusing = [one for one in asked if one.gate in self.missing]
        told = " ".join(one.detail for one in refusing)
        self.on_page = _("%s Tick what you know below to promote it anyway.") % told
        if self.is_final:
            super().__init__(told, hint=_("This cannot be acknowledged: train it again."))
            return
        names = ", ".join(self.missing)
        super().__init__(told, hint=_("To promote it anyway, acknowledge %s.") % names)

    @property
    def is_final(self) -> bool:
        """Say whether a gate refuses that cannot be acknowledged."""
        return any(one.final and not one.holds for one in self.asked)

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = super().as_json()
        return {**told, "gates": [one.as_json() for one in self.asked]}


@dataclass(frozen=True, slots=True)
class Asked:
    """A gate with its question and its answer in words."""

    gate: str
    title: str
    holds: bool
    detail: str
    final: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "gate": self.gate,
            "holds": self.holds,
            "detail": self.detail,
            "acknowledgeable": not self.final,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided: past which gates, and why.

    `seen` is the model run that the alias pointed at when the gates were read; left out, it is
    what the alias pointed at when it was looked up. `key` names the step that does so to teach,
    `operation` what else asked for it, so that asked for twice it is one promotion.
    """

    acknowledged: Collection[str] = ()
    note: str = ""
    seen: int | None = None
    key: str = ""
    operation: str = ""


# -- asking ------------------------------------------------------------------------------------


def find(run: ModelRun, name: str = "") -> Alias:
    """Return an alias of the run's dataset, without a name its own; raises NoAliasOfDataset."""
    dataset = run.version.dataset
    mine = Alias.objects.filter(dataset=dataset).select_related(
        "model_run__backtest", "model_run__version"
    )
    names: dict[str, Alias] = {one.name: one for one in mine.order_by("pk")}
    usual = registry.default_alias(dataset.name)
    wanted = name or (usual if usual in names else next(iter(names), usual))
    if wanted not in names:
        raise NoAliasOfDataset(
            _("'%(dataset)s' has no alias '%(name)s'.") % {"dataset": dataset, "name": wanted},
            hint=_("It has: %s.") % ", ".join(names) if names else "",
            field="alias",
        )
    return names[wanted]


def asked(before: ModelRun, after: ModelRun) -> list[Asked]:
    """Ask the gates whether an alias may go from one model run to the other."""
    damage = registry.damage(after)
    found = gates.asked(diffs.candidate(before), diffs.candidate(after), whole=not damage)
    return [
        Asked(one.name, _title(one.name), one.holds, _detail(one, before, after, damage), one.final)
        for one in found
    ]


def told(after: ModelRun, name: str = "") -> dict[str, Any]:
    """Return what the gates say of a promotion that nobody has decided yet."""
    alias = find(after, name)
    found = asked(alias.model_run, after)
    return {
        "alias": alias.name,
        "from": alias.model_run_id,
        "to": after.pk,
        "gates": [one.as_json() for one in found],
    }


def _title(name: Name) -> str:
    return {
        Name.VERIFIED: _("Artefact verified"),
        Name.WORSE: _("No worse by the metric"),
        Name.FRAME: _("Same feature frame version"),
    }[name]


def _detail(gate: Gate, before: ModelRun, after: ModelRun, damage: str) -> str:
    one, other = diffs.candidate(before), diffs.candidate(after)
    metric = labels.metric_title(one.metric)
    said = {
        "before": title_of(before.model),
        "after": title_of(after.model),
        "metric": metric,
        "now": labels.measured(before.metrics.get(one.metric), one.metric),
        "then": labels.measured(after.metrics.get(one.metric), one.metric),
        "frame": one.frame,
        "other": other.frame,
    }
    texts = {
        (Name.VERIFIED, ""): _("The artefact was read and has the digest that was stored."),
        (Name.WORSE, ""): _("%(metric)s %(then)s of %(after)s is no worse than %(now)s."),
        (Name.WORSE, "worse"): _("%(metric)s gets worse: %(now)s now, %(then)s of %(after)s."),
        (Name.WORSE, "unknown"): _("%(metric)s is unknown of one of both."),
        (Name.WORSE, "other_folds"): _("Judged on other folds: no error compares."),
        (Name.FRAME, ""): _("Both have feature frame version %(frame)s."),
        (Name.FRAME, "other_frame"): _("Feature frame version %(frame)s now, %(other)s then."),
    }
    return damage if gate.why == "damaged" else texts[gate.name, gate.why] % said


# -- promoting ---------------------------------------------------------------------------------


def promote(
    alias: Alias, after: ModelRun, decision: Decision, *, by: int | None, at: datetime
) -> Promotion:
    """Point the alias at another model run of its dataset, under a lock on the alias.

    Raises AliasMoved when it points elsewhere since it was looked at, GatesRefuse naming what
    must be acknowledged, MadeToTeach, AlreadyThere, ModelRunGone, or BadInput for a gate that
    there is not or a note that is too long.
    """
    _check_names(decision.acknowledged)
    _check_note(decision.note)
    if after.teaching and not decision.key:
        raise MadeToTeach(_("Model run %s was made to teach; it serves nobody.") % after.pk)
    with transaction.atomic():
        versions.keep(alias.dataset)  # what sweeps it waits, or has gone through it before
        made = decision.operation and Promotion.objects.filter(key=decision.operation).first()
        if made:
            return made
        if not ModelRun.objects.filter(pk=after.pk).exists():
            raise ModelRunGone
        seen = alias.model_run_id if decision.seen is None else decision.seen
        alias = _locked(alias, seen)
        before = alias.model_run
        if before.pk == after.pk:
            raise AlreadyThere(_("'%s' points at this model run already.") % alias.name)
        found = asked(before, after)
        refused = [one for one in found if not one.holds]
        known = decision.acknowledged
        missing = [one.gate for one in refused if one.final or one.gate not in known]
        if missing:
            raise GatesRefuse(found, missing=missing)
        made = Promotion.objects.create(
            alias=alias,
            before=before,
            after=after,
            gates=[one.as_json() for one in found],
            acknowledged=[one.gate for one in refused],
            note=decision.note,
            teaching=bool(decision.key),
            key=decision.key or decision.operation,
            promoted_by_id=by,
            promoted_at=at,
        )
        aliases.move(alias, after, made, by=by, at=at)
        return made


def _check_names(acknowledged: Collection[str]) -> None:
    unknown = sorted(set(acknowledged) - set(Name))
    if unknown:
        raise BadInput(
            _("There is no gate '%s'.") % unknown[0],
            hint=_("There are: %s.") % ", ".join(Name),
            field="acknowledged",
        )


def _check_note(note: str) -> None:
    if len(note) > LONGEST_NOTE:
        raise BadInput(_("A note has at most %d characters.") % LONGEST_NOTE, field="note")


def _locked(alias: Alias, seen: int) -> Alias:
    """Hold the alias to the end of the transaction; raises AliasMoved if it has moved before.

    Nothing is joined: a row that moved while this waited would not fit its join any more.
    """
    locked: Alias = Alias.objects.select_for_update(no_key=True, of=("self",)).get(pk=alias.pk)
    if locked.model_run_id == seen:
        return locked
    raise AliasMoved(
        _("'%(alias)s' points at model run %(run)s by now (%(model)s); nothing was changed.")
        % {
            "alias": alias.name,
            "run": locked.model_run_id,
            "model": title_of(locked.model_run.model),
        },
        hint=_("Look at the gates again."),
        field="alias",
    )


# -- made to teach -----------------------------------------------------------------------------


def serving(alias: Alias) -> ModelRun:
    """Return what forecasts are issued by: a swap made to teach changes nothing of it."""
    open_swaps = alias.promotions.filter(teaching=True, ended_at=None, after=alias.model_run_id)
    swap = open_swaps.exclude(before=None).select_related("before__backtest").first()
    run: ModelRun = (swap and swap.before) or alias.model_run
    return run


def put_back(prefix: str, *, at: datetime) -> list[Promotion]:
    """Put back every alias that steps under keys of this prefix moved; safe to repeat.

    An alias that does not stand where it was put is somebody else's decision and stays.
    """
    moved = Promotion.objects.filter(key__startswith=prefix, teaching=True, ended_at=None)
    return [_put_back(one, at=at) for one in moved.order_by("-pk")]


def _put_back(swap: Promotion, *, at: datetime) -> Promotion:
    with transaction.atomic():
        alias = Alias.objects.select_for_update(no_key=True).get(pk=swap.alias_id)
        swap.refresh_from_db()
        if swap.ended_at is not None:
            return swap
        stands = alias.model_run_id == swap.after_id
        swap.restored, swap.ended_at = stands and swap.before is not None, at
        swap.save(update_fields=["ended_at", "restored"])
        if stands and swap.before is not None:
            aliases.move(alias, swap.before, swap, by=swap.promoted_by_id, at=at)
    return swap
