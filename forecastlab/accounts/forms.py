from __future__ import annotations

from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from forecastlab.accounts.models import Profile, Token
from forecastlab.accounts.services import tokens


def _zones() -> list[tuple[str, object]]:
    return [("", _("As the browser")), *((name, name) for name in sorted(available_timezones()))]


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        ),
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


class ProfileForm(forms.ModelForm[Profile]):
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=_zones,
        help_text=_("Times are shown in it. Empty: the zone of your browser."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = Profile
        fields = ["theme", "language", "time_zone", "has_shortcuts"]
        labels = {"theme": _("Theme"), "has_shortcuts": _("Keyboard shortcuts")}


class TokenForm(forms.ModelForm[Token]):
    days = forms.TypedChoiceField(
        label=_("Ends after"),
        coerce=int,
        choices=[(days, _("%d days") % days) for days in tokens.LIFETIMES],
        initial=90,
    )

    class Meta:
        model = Token
        fields = ["name"]
        labels = {"name": _("Name")}
        help_texts = {"name": _("What it is for, such as the scheduler that uses it.")}
