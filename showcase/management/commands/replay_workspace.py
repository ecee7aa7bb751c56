from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from forecastlab.accounts.services import access
from forecastlab.jobs.services import following
from forecastlab.lib.errors import BadInput
from showcase.management.following import RunCommand
from showcase.models import Run, Workspace
from showcase.queries import replays
from showcase.services import replaying, resets, workspaces
from showcase.services.replaying import Asked, Mode
from showcase.services.resets import Confirmation


class Command(RunCommand):
    help = "Run what a workspace recorded once more, and say what differs."
    verb = "workspace.replay"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("workspace", metavar="WORKSPACE")
        parser.add_argument("--mode", default=Mode.EXACT.value, help=", ".join(Mode.values))
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="an option or a knob in place of the recorded one; makes the mode 'modified'",
        )
        parser.add_argument("--keep", default="", metavar="NAME", help="WORKSPACE-rN, if left out")
        parser.add_argument(
            "--reset",
            action="store_true",
            help="delete what earlier runs left; without --confirm only the list, and its token",
        )
        parser.add_argument("--confirm", default="", metavar="TOKEN", help="of the list")
        parser.add_argument("--name", default="", help="that of the workspace, typed once more")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        source = workspaces.find(options["workspace"], viewer=self.actor)
        now = timezone.now()
        if options["reset"]:
            access.check(self.actor, "workspace.reset")
            if not options["confirm"]:
                return _listed(resets.preview(source, by=self.actor, at=now))
            given = Confirmation(options["confirm"], options["name"])
            run = resets.replay(source, given, _asked(options), by=self.actor, at=now)
        else:
            run = replaying.start(source, _asked(options), by=self.actor, at=now)
        return self.told(run, wait=options["wait"])

    def told(self, run: Run, *, wait: bool) -> Mapping[str, Any]:
        if not wait:
            return {"job": run.job_id, "run": run.pk}
        following.follow(run.job_id or 0, self.say)
        run.refresh_from_db()
        return replays.told(run, viewer=self.actor)

    def succeeded(self, result: Mapping[str, Any]) -> bool:
        exact = result.get("mode") == Workspace.ReplayMode.EXACT
        return super().succeeded(result) and not (exact and result["differences"])

    def describe(self, result: Mapping[str, Any]) -> str:
        if "preview" in result:
            return "\n".join(_list_described(result))
        if "status" not in result:
            return f"Run {result['run']} has been asked for, carried by job {result['job']}."
        word = {True: "reproduced", False: "differs", None: "nothing to hold it against"}
        head = f"Run {result['run']}, kept as {result['workspace']}: {result['status']}"
        if result["mode"] == Workspace.ReplayMode.EXACT:
            head += f", {word[result['reproduced']]}"
        lines = [
            f"{one['what']}: {one['expected']} -> {one['actual']}" for one in result["differences"]
        ]
        return "\n".join([head, *lines])


def _asked(options: Mapping[str, Any]) -> Asked:
    given = dict(_pair(one) for one in options["set"])
    mode = Mode.MODIFIED.value if given and options["mode"] == Mode.EXACT else options["mode"]
    return Asked(mode, replaying.changes(given), options["keep"])


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        message = _("'%s' is not of the form NAME=VALUE.") % text
        raise BadInput(message, field="set")
    return name, value


def _listed(found: resets.Preview) -> Mapping[str, Any]:
    return {
        "preview": found.listing.as_json(),
        "token": found.token,
        "expires_at": found.expires_at,
    }


def _list_described(result: Mapping[str, Any]) -> list[str]:
    listing = result["preview"]
    return [
        "Would delete:",
        *(f"  {count:,} {table}" for table, count in listing["deletes"].items() if count),
        "Stays:",
        *(f"  {one['what']}: {'; '.join(one['why'])}" for one in listing["stays"]),
        f"To delete this and replay: --reset --confirm {result['token']} --name WORKSPACE",
    ]
