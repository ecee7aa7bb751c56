from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from forecastlab.accounts.models import Profile
from forecastlab.accounts.services import tokens


def _zones() -> list[tuple[str, object]]:
    return [("", _("As the browser")), *((name, name) for name in sorted(available_timezones()))]


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
        error_messages={"required": _("Enter your user name.")},
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Enter your password.")},
    )
    stay = forms.BooleanField(
        label=_("Stay signed in on this device for 14 days"), required=False, initial=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin where something is missing: after a wrong password that is the password."""
        super().__init__(*args, **kwargs)
        begin = "password" if self.is_bound and self.data.get("username") else "username"
        self.fields[begin].widget.attrs["autofocus"] = True


class ProfileForm(forms.Form):
    theme = forms.ChoiceField(label=_("Theme"), choices=Profile.Theme.choices)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=_zones,
        help_text=_("Times are shown in it."),
    )
    has_shortcuts = forms.BooleanField(
        label=_("Keyboard shortcuts"),
        required=False,
        help_text=_(
            "Single keys act on pages, such as / for the search. Off: only Tab, Enter and Esc."
        ),
    )


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("What it is for, such as the scheduler that uses it."),
    )
    days = forms.TypedChoiceField(
        label=_("Ends after"),
        coerce=int,
        choices=[(days, _("%d days") % days) for days in tokens.LIFETIMES],
        initial=90,
    )
