"""How a refusal or a failure looks: a page, a message for htmx, or a problem for a program."""

from __future__ import annotations

import sys
from typing import ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from forecastlab.lib import problems
from forecastlab.lib.errors import BadInput, HouseError, NotAllowed, NotFound
from forecastlab.lib.htmx import wants_fragment
from forecastlab.lib.outages import outage


class WrongMethod(HouseError):
    """This address does not answer that method."""

    code = "wrong_method"
    title = "Wrong method"
    status = 405


class FormTooOld(NotAllowed):
    """The form was opened before you signed in, or its cookie is gone."""

    code = "csrf"
    title = "The form cannot be used"


class Unforeseen(HouseError):
    """Something went wrong on our side."""

    code = "internal"
    title = "Something went wrong on our side"
    status: ClassVar[int] = 500


def refuse(request: HttpRequest, error: HouseError) -> HttpResponse:
    """Answer with what is wrong, where, and what to do."""
    if problems.wants_json(request):
        return problems.from_error(request, error)
    if wants_fragment(request):
        text = render_to_string("components/refusal.html", {"error": error})
        headers = {"HX-Retarget": "#toasts", "HX-Reswap": "beforeend"}
        return HttpResponse(text, status=error.status, headers=headers)
    context = {"error": error, "request_id": getattr(request, "request_id", "")}
    if error.status >= 500:
        # Without the layout: it asks the database who is reading.
        return HttpResponse(render_to_string("outage.html", context), status=error.status)
    return render(request, "refusal.html", context, status=error.status)


def explained(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Give the bare answers of Django's decorators and resolvers the shape of the others."""
    bare = not response.streaming and not getattr(response, "content", b"")
    if response.status_code == 405 and (bare or problems.wants_json(request)):
        allowed = response.headers.get("Allow", "")
        told = refuse(request, WrongMethod(hint=_("Use %(names)s.") % {"names": allowed}))
        told.headers["Allow"] = allowed
        return told
    return response


# -- what Django calls by name -----------------------------------------------------------------


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, BadInput(_("The request cannot be read.")))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, NotAllowed(str(exception) or _("You may not do this.")))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    told = exception.args[0] if exception.args and isinstance(exception.args[0], str) else ""
    return refuse(request, NotFound(told or _("There is nothing at this address.")))


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    hint = _("Open the page again and send it once more.")
    return refuse(request, FormTooOld(hint=hint))


def server_error(request: HttpRequest) -> HttpResponse:
    """Name an outage for what it is; say nothing of the inside of anything else."""
    error = outage(sys.exc_info()[1])
    return refuse(request, error or Unforeseen(hint=_("It has been logged. Try again.")))
