"""What the gate goes by: policies, orders of people, and money."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class ActionPolicy(models.Model):
    """What applies to one tool from one version on; the newest counts, none is ever changed.

    Null leaves what the tool declares. A policy can only make the gate stricter than the tool.
    """

    tool = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    risk = models.CharField(max_length=10, blank=True)
    base_score = models.PositiveSmallIntegerField(null=True, blank=True)
    auto_threshold = models.PositiveSmallIntegerField(null=True, blank=True)
    inline_threshold = models.PositiveSmallIntegerField(null=True, blank=True)
    exposure_limit = models.PositiveIntegerField(null=True, blank=True)
    value_limit = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    approvals_needed = models.PositiveSmallIntegerField(null=True, blank=True)
    requires_reason_on = models.CharField(max_length=10, blank=True)
    on_expiry = models.CharField(max_length=10, blank=True)
    is_denied = models.BooleanField(default=False)
    note = models.TextField(blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    made_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name_plural = "action policies"
        constraints = [
            models.UniqueConstraint(name="policy_version_once", fields=["tool", "version"]),
        ]

    def __str__(self) -> str:
        return f"{self.tool} (version {self.version})"


class Control(models.Model):
    """A scoped order of a person: nobody may do this for now, or may again.

    The newest order of a scope counts until it expires; hold and drain let nothing new begin,
    abort stops what runs, resume ends them.
    """

    class Order(models.TextChoices):
        RESUME = "resume"
        HOLD = "hold"
        DRAIN = "drain"
        ABORT = "abort"

    class Scope(models.TextChoices):
        LAB = "lab"
        DATASET = "dataset"
        ACTOR = "actor"
        TICKET = "ticket"

    scope = models.CharField(max_length=10, choices=Scope.choices)
    key = models.CharField(max_length=100, blank=True)
    order = models.CharField(max_length=10, choices=Order.choices)
    reason = models.TextField(blank=True)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="control_key_where_scoped",
                condition=Q(scope="lab", key="") | (~Q(scope="lab") & ~Q(key="")),
            ),
        ]
        indexes = [models.Index(fields=["scope", "key", "-id"], name="control_by_scope")]

    def __str__(self) -> str:
        return f"{self.order} {self.scope} {self.key}".strip()


class BudgetPeriod(models.Model):
    """What agents may use between two moments; a limit that is null is none.

    `scope` is `lab`, or `skill` with its name as `key`. Money is in the currency of the price
    table.
    """

    scope = models.CharField(max_length=10)
    key = models.CharField(max_length=100, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    most_tokens = models.BigIntegerField(null=True, blank=True)
    most_calls = models.IntegerField(null=True, blank=True)
    most_seconds = models.FloatField(null=True, blank=True)
    most_money = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="budget_ends_after_start", condition=Q(ends_at__gt=models.F("starts_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.key} from {self.starts_at:%Y-%m-%d}".strip()


class CostEntry(models.Model):
    """What one reply of a model, or one tool call, used. Their sum is the truth.

    `money` is null where the price table does not name the model.
    """

    session = models.ForeignKey(
        "agents.Session", on_delete=models.CASCADE, related_name="cost_entries"
    )
    turn = models.OneToOneField(
        "agents.Turn", on_delete=models.CASCADE, null=True, related_name="cost"
    )
    invocation = models.OneToOneField(
        "agents.Invocation", on_delete=models.CASCADE, null=True, related_name="cost"
    )
    skill = models.CharField(max_length=60)
    tokens = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0.0)
    money = models.DecimalField(max_digits=12, decimal_places=6, null=True, default=0)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "cost entries"
        indexes = [models.Index(fields=["at"], name="cost_by_time")]

    def __str__(self) -> str:
        return f"{self.tokens} tokens of {self.session}"
