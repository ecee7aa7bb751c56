"""The list of kept runs for programs: the filters of the page, and a cursor that survives changes.

A cursor holds where a page ended: whether its last row was pinned, by what it was sorted, and its
number. So a page follows on the one before whatever was kept or deleted meanwhile.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.lib import cursors, lists
from forecastlab.lib.errors import BadInput
from showcase.models import Workspace, WorkspaceQuerySet
from showcase.queries import workspace_list
from showcase.queries.workspace_list import ARCHIVED, SORTS, VIEWS, Wanted


def asked(given: Mapping[str, Any]) -> Wanted:
    """Read filters as programs give them; raises BadInput for a word that says nothing."""
    known = {
        "sort": (*SORTS, *(f"-{one}" for one in SORTS)),
        "archived": ("", *ARCHIVED),
        "view": VIEWS,
    }
    for field, words in known.items():
        if given[field] not in words:
            raise BadInput(
                _("'%(value)s' is not known here.") % {"value": given[field]},
                hint=_("There are: %s.") % ", ".join(one for one in words if one),
                field=field,
            )
    return Wanted(search=given["q"], **{key: one for key, one in given.items() if key != "q"})


def listed(
    wanted: Wanted, *, viewer: User, limit: int, cursor: str
) -> tuple[list[Workspace], str | None]:
    """Return a page of workspaces, pinned ones first, and the cursor of the next one."""
    cursors.check(limit)
    rows = workspace_list.matching(wanted, viewer=viewer)
    if cursor:
        rows = _after(rows, wanted.sort, cursor)
    read = rows.select_related("run__version__dataset", "created_by").defer(
        "notes", "ancestors", "phase_summaries", "run__config", "run__frame", "run__result"
    )
    ordered = lists.ordered(read, wanted.sort, SORTS, first=["-pinned"])
    found = list(ordered[: limit + 1])
    following = _cursor(found[limit - 1], wanted.sort) if len(found) > limit else None
    return found[:limit], following


def _cursor(last: Workspace, sort: str) -> str:
    value: Any = last
    for name in SORTS[sort.removeprefix("-")].split("__"):
        value = getattr(value, name)
    if isinstance(value, datetime):
        value = value.isoformat()
    where = json.dumps([sort, last.pinned, value, last.pk])
    return base64.urlsafe_b64encode(where.encode()).decode()


def _after(rows: WorkspaceQuerySet, sort: str, cursor: str) -> WorkspaceQuerySet:
    """Keep what follows in the order of `lists.ordered`: unknown values last, the newest first."""
    try:
        same, pinned, value, pk = json.loads(base64.urlsafe_b64decode(cursor))
        if same != sort or not isinstance(pk, int):
            raise ValueError(cursor)
        after = _beyond(sort, value, pk)
        found = Q(pinned=pinned) & after
        return rows.filter(found | Q(pinned=False) if pinned else found)
    except (ValueError, TypeError, ValidationError) as error:
        raise BadInput(
            _("'%s' is no cursor.") % cursor,
            field="cursor",
            hint=_("Use `next` of the page before, and sort as you did there."),
        ) from error


def _beyond(sort: str, value: Any, pk: int) -> Q:
    field = SORTS[sort.removeprefix("-")]
    if value is None:
        return Q(**{f"{field}__isnull": True}, pk__lt=pk)
    further = Q(**{f"{field}__{'lt' if sort.startswith('-') else 'gt'}": value})
    equal = Q(**{field: value}, pk__lt=pk)
    return further | equal | Q(**{f"{field}__isnull": True})
