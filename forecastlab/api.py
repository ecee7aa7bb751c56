"""The JSON API: every app that has an `api` module with a `router` is mounted.

Whatever goes wrong is answered as a problem (RFC 9457) that says what, where and what to do.
"""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser

from forecastlab.accounts.api import AUTH, guarded, idempotent
from forecastlab.accounts.services.access import SignInNeeded, public
from forecastlab.lib import logs, problems, texts
from forecastlab.lib.errors import BadInput, HouseError, NotFound
from forecastlab.lib.outages import outage
from forecastlab.refusals import Unforeseen

logger = logs.logger(__name__)


class Bodies(Parser):
    """Reads what is sent, and refuses what no row could keep before anybody looks at it."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        sent = json.loads(request.body)
        if not isinstance(sent, dict):
            raise BadInput(_("The body is not a JSON object."), hint=_("Send names and values."))
        texts.check(sent)
        return sent

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        sent: dict[str, Any] = super().parse_querydict(data, list_fields, request)
        texts.check(sent)
        return sent


# The docs page of the library loads its scripts from another site, so there is none.
api = NinjaAPI(
    title="ForecastLab",
    version="1",
    urls_namespace="api",
    docs_url=None,
    auth=AUTH,
    parser=Bodies(),
    docs_decorator=public("the description of the API names no data"),
)
api.add_decorator(idempotent, mode="view")
api.add_decorator(guarded, mode="view")

for _name in settings.OUR_APPS:
    if find_spec(f"{_name}.api"):
        api.add_router("", import_module(f"{_name}.api").router)


@api.exception_handler(HouseError)
def _refused(request: HttpRequest, error: HouseError) -> HttpResponse:
    return problems.from_error(request, error)


@api.exception_handler(AuthenticationError)
def _nobody(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    response = problems.from_error(request, SignInNeeded())
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    found = [_located(one) for one in error.errors]
    first = found[0] if found else {"field": "", "message": ""}
    detail = f"{first['field']}: {first['message']}" if first["field"] else first["message"]
    members = {"detail": detail, "code": BadInput.code, "field": first["field"], "errors": found}
    return problems.answer(request, 422, BadInput.title, **members)


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, HouseError):  # the library wraps what a parser raises
        return problems.from_error(request, error.__cause__)
    code = BadInput.code if error.status_code == 400 else "refused"
    return problems.answer(request, error.status_code, str(error), code=code)


@api.exception_handler(MultiPartParserError)
@api.exception_handler(SuspiciousOperation)
def _unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    return problems.answer(request, 400, BadInput.title, detail=str(error), code=BadInput.code)


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problems.from_error(request, NotFound(_("There is no such thing, or not for you.")))


@api.exception_handler(Exception)
def _unforeseen(request: HttpRequest, error: Exception) -> HttpResponse:
    down = outage(error)
    if down is None:
        logger.error("unforeseen error in the API", exc_info=error)
    return problems.from_error(request, down or Unforeseen(hint=_("It has been logged.")))


def _located(error: dict[str, Any]) -> dict[str, str]:
    """Say in which part of the request and at which field a value is wrong.

    The library puts the name of our own parameter between the two: nothing the caller knows.
    """
    where, *path = [str(part) for part in error["loc"]]
    field = path[1:] if where in {"body", "form"} and len(path) > 1 else path
    return {"where": where, "field": ".".join(field), "message": str(error["msg"])}
