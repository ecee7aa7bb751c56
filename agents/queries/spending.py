"""How much of each budget is used: the sum of its entries is the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from agents.domain import budgets
from agents.domain.budgets import KINDS, Left
from agents.domain.skills import SKILLS
from agents.models import BudgetPeriod, CostEntry
from forecastlab.lib import figures

TONES = {"warn": "warn", "high": "warn", "spent": "bad", "unknown": "bad"}


@dataclass(frozen=True, slots=True)
class Row:
    """A budget that holds now, in words."""

    period: BudgetPeriod
    left: Left

    @property
    def name(self) -> str:
        if self.period.scope == "lab":
            return _("All agents")
        skill = SKILLS.get(self.period.key)
        return _("Skill “%s”") % (skill.title if skill else self.period.key)

    @property
    def used(self) -> str:
        """Say what is left of each limit; what is over counts as nothing left."""
        units = {
            "tokens": _("tokens"),
            "calls": _("calls"),
            "seconds": _("seconds"),
            "money": _("in money"),
        }
        said = [
            _("%(n)s of %(most)s %(unit)s left")
            % {
                "n": _figure(kind, max(amount, Decimal(0))),
                "most": _figure(kind, getattr(self.period, f"most_{kind}")),
                "unit": units[kind],
            }
            for kind, amount in self.left.amounts.items()
            if amount is not None
        ]
        return " · ".join(said)

    @property
    def state(self) -> str:
        words = {"spent": _("Used up"), "unknown": _("Not known")}
        return words.get(self.left.level, _("%s used") % figures.percent(self.left.share, 0))

    @property
    def tone(self) -> str:
        return TONES.get(self.left.level, "ok")


def rows(at: datetime) -> Sequence[Row]:
    return [Row(one, left(one)) for one in periods(at).order_by("scope", "key", "pk")]


def periods(at: datetime) -> QuerySet[BudgetPeriod]:
    """Return the budgets that hold at a moment."""
    return BudgetPeriod.objects.filter(starts_at__lte=at, ends_at__gt=at)


def left(period: BudgetPeriod) -> Left:
    """Return what is left of one period: its limits less the sum of its entries.

    It is not known where money is limited and something has no price.
    """
    entries = CostEntry.objects.filter(at__gte=period.starts_at, at__lt=period.ends_at)
    if period.scope == "skill":
        entries = entries.filter(skill=period.key)
    sums = entries.aggregate(
        **{f"used_{kind}": Sum(kind) for kind in KINDS},
        unpriced=Count("pk", filter=Q(money=None)),
    )
    limits = {
        "tokens": period.most_tokens,
        "calls": period.most_calls,
        "seconds": period.most_seconds,
        "money": period.most_money,
    }
    found = budgets.left(
        {kind: None if one is None else Decimal(str(one)) for kind, one in limits.items()},
        {kind: Decimal(str(sums[f"used_{kind}"] or 0)) for kind in KINDS},
    )
    uncertain = period.most_money is not None and sums["unpriced"]
    return replace(found, is_known=False) if uncertain else found


def _figure(kind: str, amount: Decimal | float) -> str:
    return figures.number(float(amount), 2 if kind == "money" else 0)
