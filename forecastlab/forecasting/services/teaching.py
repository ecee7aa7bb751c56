"""Steps of the long pipeline that show how a registry is kept: with real models, made to teach."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.forecasting.domain import gates
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.staleness import Reason
from forecastlab.forecasting.models import Alias, ModelRun, Promotion
from forecastlab.forecasting.queries import diffs
from forecastlab.forecasting.queries.diffs import Difference
from forecastlab.forecasting.services import configs, promotion, retraining, stale
from forecastlab.forecasting.services.promotion import AliasMoved, Decision, GatesRefuse
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import Done, Skipped, StepContext, StepFailed

INTENT = "show_gates"
# Steps whose models may be proposed.
PROPOSED = ("register", "v2_train", "stale_alias_trigger")
# A model of the newer feature frame that is soon trained, and not as good as it could be.
BRIEF = "lightgbm_brief"


def compare_champion(context: StepContext) -> Done | Skipped:
    """Say whether what serves and the model of the newer feature frame may be compared.

    The newer one is judged on the last fold alone, to save time. Where the run has more
    folds, its error is of other folds than that of what serves, and no difference is told.
    """
    newer = _of_newer_frame(context)
    if newer is None:
        return Skipped(_no_newer())
    found = Difference(_alias(context).model_run, newer)
    one, other = found.candidates
    first, second = found.titles
    said = {"first": first, "second": second, "one": one.frame, "other": other.frame}
    told = (
        _("%(first)s serves, %(second)s is new; both have feature frame version %(one)s")
        if found.compatible
        else _(
            "%(first)s serves with feature frame version %(one)s, %(second)s is new with "
            "version %(other)s: of another kind"
        )
    )
    data = {
        "v1_run_id": found.one.pk,
        "v2_run_id": newer.pk,
        "feature_frame_version_a": one.frame,
        "feature_frame_version_b": other.frame,
        "compatible": found.compatible,
        "comparable_reason": found.reason,
        "titles": list(found.titles),
        "sentence": found.sentence,
        "folds": [one.config["folds"], other.config["folds"]],
        "like_for_like": found.like_for_like,
        "folds_told": _folds_told(found),
    }
    return Done(told % said, data)


def _folds_told(found: Difference) -> str:
    one, other = found.candidates
    said = {
        "first": found.titles[0],
        "second": found.titles[1],
        "one": one.config["folds"],
        "horizon": one.config["horizon"],
    }
    if found.like_for_like:
        told = ngettext(
            "Both were judged on the same fold of %(horizon)s periods, so their errors compare.",
            "Both were judged on the same %(one)s folds of %(horizon)s periods, so their errors "
            "compare.",
            one.config["folds"],
        )
        return told % said
    told = ngettext(
        "%(first)s was judged on %(one)s folds of %(horizon)s periods, %(second)s on the last one "
        "alone, to save time. Errors of other folds do not compare.",
        "%(first)s was judged on %(one)s folds of %(horizon)s periods, %(second)s on the last "
        "%(other)s alone, to save time. Errors of other folds do not compare.",
        other.config["folds"],
    )
    return told % {**said, "other": other.config["folds"]}


def make_alias_stale(context: StepContext) -> Done | Skipped:
    """Train a newer model on the newer feature frame; show why the alias would be stale by it."""
    first = _of_newer_frame(context)
    if first is None:
        return Skipped(_no_newer())
    newer = retraining.judged_run(
        context, model=BRIEF, frame_version=first.frame_version, key=context.step
    )
    alias = _alias(context)
    found = stale.why(alias, also=[newer])
    if found is None or found.reason != Reason.OTHER_FRAME:
        raise StepFailed(
            _("The rule does not call '%(alias)s' stale by its feature frame.")
            % {"alias": alias.name},
            hint=_("It says: %s.") % (found.reason if found else _("not stale")),
        )
    versions = {"alias": alias.name, "old": found.frame, "new": found.newer_frame}
    data = {
        "alias_name": alias.name,
        "stale_reason": found.reason.value,
        "alias_feature_frame_version": found.frame,
        "comparable_run_feature_frame_version": found.newer_frame,
        "second_v2_run_id": newer.pk,
        "model_runs": [newer.pk],
        "series_judged": newer.backtest.judged,
        "series_skipped": len(newer.backtest.skipped),
    }
    told = _("%(alias)s has feature frame version %(old)s, a newer model run version %(new)s")
    return Done(told % versions, data)


def promote_safely(context: StepContext) -> Done | Skipped:
    """Propose a worse model, past every gate that refuses, and put the alias back.

    The swap keeps in its own row what the alias is to be put back to, so that a repetition, or
    the clean-up, finds it.
    """
    key = f"{configs.key(context)}.{context.step}"
    swap = Promotion.objects.filter(key=key).first()
    if swap is None:
        alias = _alias(context)
        worse = _worse(context, alias.model_run)
        if worse is None:
            return Skipped(_("No judged model of this run is worse than what serves."))
        try:
            swap = _swapped(context, alias, worse, key)
        except AliasMoved as error:
            return Skipped(error.message)
    barrier("alias-swapped")
    with context.fenced():
        promotion.put_back(key, at=context.now)
    return _told(Promotion.objects.select_related("alias", "before", "after").get(pk=swap.pk))


def _swapped(context: StepContext, alias: Alias, worse: ModelRun, key: str) -> Promotion:
    """Acknowledge gate by gate what refuses; raises StepFailed for what cannot be acknowledged."""
    known: list[str] = []
    while True:
        context.report(None, _("Asking the gates"))
        try:
            with context.fenced():
                decision = Decision(known, _("Made to teach, and put back"), key=key)
                by, at = context.actor_id, context.now
                return promotion.promote(alias, worse, decision, by=by, at=at)
        except GatesRefuse as refusal:
            if refusal.is_final:
                raise StepFailed(refusal.message) from refusal
            known.append(refusal.missing[0])


def _told(swap: Promotion) -> Done:
    before, after = swap.before, swap.after
    data: dict[str, Any] = {
        "alias_name": swap.alias.name,
        "before_run_id": swap.before_id,
        "after_run_id": swap.after_id,
        "before": title_of(before.model) if before else "",
        "after": title_of(after.model) if after else "",
        "swap_intent": INTENT,
        "gates": [{**one, "acknowledged": one["gate"] in swap.acknowledged} for one in swap.gates],
        "acknowledged": swap.acknowledged,
        "restored": swap.restored,
    }
    said = {"after": data["after"], "count": len(swap.acknowledged), "alias": swap.alias.name}
    told = ngettext(
        "%(after)s is worse: %(count)s gate refused until acknowledged; ",
        "%(after)s is worse: %(count)s gates refused until acknowledged; ",
        len(swap.acknowledged),
    )
    back = _("%(alias)s is put back") if swap.restored else _("%(alias)s was moved meanwhile")
    return Done((told + back) % said, data)


def _worse(context: StepContext, served: ModelRun) -> ModelRun | None:
    """Return a judged model with a really larger error, one of another feature frame first."""
    made = [context.results.get(name, {}).get("model_runs", ()) for name in PROPOSED]
    mine = ModelRun.objects.filter(pk__in=[pk for several in made for pk in several])
    others = mine.exclude(pk=served.pk).select_related("backtest", "version__dataset")
    now = diffs.candidate(served)
    judged = [(one, diffs.candidate(one)) for one in others]
    worse = [
        (then.frame != now.frame, then.error, one.pk, one)
        for one, then in judged
        if gates.alike(now, then)
        and now.error is not None
        and then.error is not None
        and then.error > now.error
    ]
    return max(worse)[-1] if worse else None


def _alias(context: StepContext) -> Alias:
    """Return the alias that this run has pointed at what it judged best."""
    told = context.results["register"]
    run = ModelRun.objects.select_related("version__dataset").get(pk=told["run_id"])
    return promotion.find(run, told["alias"])


def _of_newer_frame(context: StepContext) -> ModelRun | None:
    """Return what the run trained on the newer feature frame, if it could."""
    number = context.results.get("v2_train", {}).get("v2_run_id")
    if number is None:
        return None
    run: ModelRun = ModelRun.objects.select_related("backtest", "version__dataset").get(pk=number)
    return run


def _no_newer() -> str:
    return _("There is no model of the newer feature frame.")
