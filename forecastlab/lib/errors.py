"""The errors that a user is meant to read.

HouseError
├── BadInput        what was given cannot be used (422, exit 2)
├── NotAllowed      the actor may not do this (403, exit 2)
├── NotFound        no such thing, or not visible to the actor (404, exit 2)
├── Conflict        the state of the world forbids it now (409, exit 1)
└── Unavailable     a service that is needed does not answer (503, exit 2)

A concrete error lives in the service module that raises it and inherits from one of these.
"""

from __future__ import annotations

from typing import ClassVar


class HouseError(Exception):
    """Something that was expected to go wrong did."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "This cannot be done"
    status: ClassVar[int] = 409
    exit_code: ClassVar[int] = 1

    def __init__(self, detail: str = "", *, field: str = "", hint: str = "") -> None:
        self.detail = detail or (type(self).__doc__ or "").strip().split("\n")[0]
        self.field = field
        self.hint = hint
        super().__init__(self.message)

    @property
    def message(self) -> str:
        return f"{self.detail} {self.hint}".strip()

    def as_json(self) -> dict[str, str]:
        """Return what programs are told, by the API and by commands alike."""
        told = {"code": self.code, "title": str(self.title), "detail": self.message}
        return {**told, "field": self.field} if self.field else told


class BadInput(HouseError):
    """What was given cannot be used."""

    code = "bad_input"
    title = "The input cannot be used"
    status = 422
    exit_code = 2


class NotAllowed(HouseError):
    """You may not do this."""

    code = "not_allowed"
    title = "Not allowed"
    status = 403
    exit_code = 2


class NotFound(HouseError):
    """There is no such thing."""

    code = "not_found"
    title = "Not found"
    status = 404
    exit_code = 2


class Conflict(HouseError):
    """The current state does not allow this."""

    code = "conflict"
    title = "Not possible now"
    status = 409
    exit_code = 1


class Unavailable(HouseError):
    """A service that is needed does not answer."""

    code = "unavailable"
    title = "A service does not answer"
    status = 503
    exit_code = 2
