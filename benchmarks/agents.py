"""Sessions of agents: how many a minute, how soon after a decision, and what a turn costs.

    python -m benchmarks.agents [--sessions 200] [--kills 10] [--turns 50]

Starts PostgreSQL, Redis, beat and two workers of its own. Each session has two gated calls, which
are approved or rejected by chance as soon as they are asked, from the first session on, while
workers are killed by chance; what must hold is asked of the rows afterwards. The peer of a turn is
a bare graph with PostgresSaver, of as many nodes, with the same model behind it, measured in the
same run.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, TypedDict

import django
import psutil

os.environ.setdefault("FORECASTLAB_LOG_LEVEL", "WARNING")
import tests.services  # noqa: F401  starts the services before Django reads where they are

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.jobs_lab.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402
from langgraph.graph import END, START, StateGraph  # noqa: E402

from agents.domain.conversation import Conversation, Said  # noqa: E402
from agents.gateways import chat_models, checkpoints  # noqa: E402
from agents.models import Approval, Invocation, Session, Turn  # noqa: E402
from agents.services import decisions, invocations  # noqa: E402
from forecastlab.accounts.models import User  # noqa: E402
from forecastlab.lib.errors import Conflict  # noqa: E402
from tests.agents.factories import advance, start  # noqa: E402
from tests.agents.fake_chat import FakeChat, fake_chat  # noqa: E402
from tests.factories import make_user  # noqa: E402
from tests.jobs_lab import agent_tools  # noqa: E402
from tests.jobs_lab.workers import Lab  # noqa: E402

NODES = ("think", "gate", "act")
LONGEST = 1_100.0

# Every claimed effect has an approval, of the same arguments; none was done twice or unasked.
WRONG = """
select count(*) from agents_invocation i
left join agents_approval a on a.invocation_id = i.id
where i.claimed_at is not null
and (a.id is null or a.status <> 'approved' or a.digest <> i.digest)
"""
AFTER = """
select extract(epoch from i.claimed_at - d.at) from agents_invocation i
join agents_approval a on a.invocation_id = i.id
join agents_decision d on d.approval_id = a.id
where a.lane <> 'auto' and d.verdict = 'approve' and i.claimed_at is not null
"""


class State(TypedDict):
    session_id: int
    attempt_id: int


def answer_all(by: User, draw: random.Random) -> None:
    """Decide what is open, and say of what was lost that it did not happen."""
    for one in Approval.objects.open().select_related("invocation")[:50]:
        try:
            decisions.decide(
                one.pk,
                draw.choice(("approve", "approve", "reject")),
                by=by,
                version=one.version,
                digest=one.digest,
                reason="by chance",
                at=timezone.now(),
            )
        except Conflict:
            continue
    for lost in Invocation.objects.filter(status="unknown"):
        invocations.settle(lost, "failed", by=by, at=timezone.now(), reason="by chance")


def kill_one(draw: random.Random, parents: list[int]) -> None:
    pool = [one for pid in parents for one in psutil.Process(pid).children()]
    if pool:
        os.kill(draw.choice(pool).pid, signal.SIGKILL)


def many(lab: Lab, *, sessions: int, kills: int, alice: User, dora: User) -> None:
    draw = random.Random(9)
    workers = [lab.worker(f"w{number}", size=1) for number in range(2)]
    lab.beat()
    began, ends = time.monotonic(), time.monotonic() + LONGEST
    due, started = sorted(draw.sample(range(sessions), kills)), 0
    while time.monotonic() < ends:
        if started < sessions:
            text = f"lab_write a{started}; lab_write b{started}; mark_resolved"
            start(text, by=alice, dataset="", skill="lab")
            started += 1
        else:
            time.sleep(0.05)
        answer_all(dora, draw)
        unfinished = Session.objects.unfinished().count()
        if due and started - unfinished >= due[0]:
            kill_one(draw, workers)
            due.pop(0)
        if started == sessions and not unfinished:
            break
    seconds = time.monotonic() - began
    tell(lab, sessions=sessions, seconds=seconds, kills=kills - len(due))


def calm(*, sessions: int, alice: User, dora: User) -> None:
    """Measure how soon a decision is carried out where no other work waits."""
    made = [start(f"lab_write calm{n}", by=alice, dataset="", skill="lab") for n in range(sessions)]
    ends = time.monotonic() + LONGEST / 4
    while Approval.objects.open().count() < sessions and time.monotonic() < ends:
        time.sleep(0.1)
    for one in Approval.objects.open().order_by("pk"):
        decisions.decide(
            one.pk,
            "approve",
            by=dora,
            version=one.version,
            digest=one.digest,
            at=timezone.now(),
        )
        time.sleep(0.5)
    while Session.objects.unfinished().exists() and time.monotonic() < ends:
        time.sleep(0.1)
    with connection.cursor() as cursor:
        cursor.execute(f"{AFTER} and i.session_id = any(%s)", [[one.pk for one in made]])
        waited = sorted(float(value) for (value,) in cursor.fetchall())
    p50, p95 = statistics.median(waited), waited[int(len(waited) * 0.95)]
    print(f"{len(waited)} decisions, one each 0.5 s: to execution p50 {p50:.2f} s, p95 {p95:.2f} s")


def tell(lab: Lab, *, sessions: int, seconds: float, kills: int) -> None:
    lines = Path(lab.env[agent_tools.NOTES]).read_text().splitlines()
    with connection.cursor() as cursor:
        cursor.execute(WRONG)
        (wrong,) = cursor.fetchone()
        cursor.execute(AFTER)
        waited = sorted(float(value) for (value,) in cursor.fetchall())
    p95 = waited[int(len(waited) * 0.95)] if waited else float("nan")
    unfinished = Session.objects.unfinished().count()
    settled = Invocation.objects.exclude(settled_by=None).count()
    print(
        f"{sessions} sessions, {kills} kills: {sessions / seconds * 60:.0f} a minute, "
        f"{unfinished} unfinished; decision to execution p50 {statistics.median(waited):.2f} s, "
        f"p95 {p95:.2f} s; effects {len(lines)}, of them twice {len(lines) - len(set(lines))}, "
        f"without their approval {wrong}; unknown and settled {settled}"
    )


def turns(chat: FakeChat, *, count: int, alice: User) -> None:
    """Measure turns of one call that asks nobody, ours and those of a bare graph, in turn."""
    settings.FORECASTLAB_LLM, settings.LLM_URL = "openai", f"{chat.url}/v1"
    ours, bare = [], []
    per = agent_tools.LAB.most_turns - 1
    for number in range(max(1, count // per)):
        text = "; ".join([f"lab_look {number}"] * per + ["mark_resolved"])
        session = start(text, by=alice, dataset="", skill="lab")
        began = time.perf_counter()
        advance(session)
        done = Turn.objects.filter(attempt__session=session).count()
        ours.append((time.perf_counter() - began) / done)
        began = time.perf_counter()
        _bare(number, turns=done)
        bare.append((time.perf_counter() - began) / done)
    mine, peer = statistics.median(ours) * 1000, statistics.median(bare) * 1000
    print(f"a turn: {mine:.1f} ms; bare LangGraph {peer:.1f} ms; ratio {mine / peer:.2f}")


def _bare(number: int, *, turns: int) -> None:
    model = chat_models.configured()
    conversation = Conversation("lab", "Write.", entries=[Said("-")])
    left = [turns]

    def think(state: State) -> State:
        model.reply(conversation, [])
        left[0] -= 1
        return state

    graph: Any = StateGraph(State)
    graph.add_node("think", think)
    graph.add_node("gate", lambda state: state)
    graph.add_node("act", lambda state: state)
    graph.add_edge(START, "think")
    graph.add_edge("think", "gate")
    graph.add_edge("gate", "act")
    graph.add_conditional_edges("act", lambda _: "think" if left[0] else END)
    config = {"configurable": {"thread_id": f"bare-{number}"}, "recursion_limit": 500}
    compiled = graph.compile(checkpointer=checkpoints.saver())
    compiled.invoke({"session_id": number, "attempt_id": 1}, config, durability="sync")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--turns", type=int, default=50)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    alice, dora = make_user(), make_user("dora", role="approver")
    with tempfile.TemporaryDirectory() as folder, fake_chat() as chat:
        effects = Path(folder) / "effects"
        effects.touch()
        os.environ[agent_tools.NOTES] = str(effects)
        settings.FORECASTLAB_LLM, settings.LLM_URL = "openai", f"{chat.url}/v1"
        turns(chat, count=options.turns, alice=alice)
        lab = Lab(Path(folder))
        lab.env |= {"FORECASTLAB_LLM": "openai", "FORECASTLAB_LLM_URL": f"{chat.url}/v1"}
        try:
            many(lab, sessions=options.sessions, kills=options.kills, alice=alice, dora=dora)
            calm(sessions=20, alice=alice, dora=dora)
        finally:
            lab.stop()


if __name__ == "__main__":
    main()
