from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Schedule
from forecastlab.jobs.queries import schedule_kinds
from forecastlab.jobs.services import cadences, schedules
from forecastlab.jobs.services.schedules import Wanted
from forecastlab.lib.errors import HouseError

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Schedule]
else:
    _ModelForm = forms.ModelForm


class ScheduleForm(_ModelForm):
    """What somebody says about a schedule; `by` and `now` are set by the page that shows it."""

    by: User
    now: datetime
    kind = forms.ChoiceField(label=_("Kind"))
    params = forms.JSONField(
        label=_("Parameters"),
        required=False,
        initial=dict,
        help_text=_('Such as {"message": "Which model is best?", "dataset": "shop"}.'),
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    cron = forms.CharField(
        label=_("When"),
        max_length=cadences.LONGEST,
        help_text=_("Minute, hour, day of the month, month, day of the week: 30 6 * * mon."),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), initial="UTC")
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Schedule
        fields = ("name", "kind", "params", "cron", "time_zone", "is_enabled", "version")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "kind" in self.fields:
            offered = sorted(schedule_kinds.contributed().values(), key=lambda one: one.name)
            kinds = [(one.name, one.title) for one in offered]
            self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
            zones = [(name, name) for name in sorted(available_timezones())]
            self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]

    @property
    def wanted(self) -> Wanted:
        given = self.cleaned_data
        names = ("name", "kind", "params", "cron", "time_zone", "is_enabled")
        return Wanted(**{name: given[name] for name in names})

    def clean_params(self) -> dict[str, Any]:
        given = self.cleaned_data["params"]
        if given is not None and not isinstance(given, dict):
            raise forms.ValidationError(_("The parameters are not one JSON object."))
        return given or {}

    def clean(self) -> dict[str, Any]:
        """Refuse what could not be started now, and what somebody has changed meanwhile."""
        told: dict[str, Any] = super().clean() or {}
        if not self.errors:
            self._check()
        return told

    def _check(self) -> None:
        stored = Schedule.objects.filter(pk=self.instance.pk).first()
        try:
            if stored and stored.version != self.cleaned_data["version"]:
                raise schedules.ScheduleChanged
            if stored is None or not schedules.is_only_off(stored, self.wanted):
                schedules.check(self.wanted, by=self.by, at=self.now)
        except HouseError as error:
            field = "params" if error.field and error.field not in self.fields else error.field
            self.add_error(field or None, error.message)
