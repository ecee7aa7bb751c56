"""Each node does the next thing that the rows say is undone, and commits before its bookmark."""

from __future__ import annotations

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from agents.graphs.state import State
from agents.queries.histories import History
from agents.queries.undone import Next
from agents.services import asking, executing, moves, parking, settling, steering, thinking
from agents.services.working import Work


def think(state: State, runtime: Runtime[Work]) -> State:
    thinking.think(runtime.context)
    return state


def gate(state: State, runtime: Runtime[Work]) -> State:
    asking.ask(runtime.context)
    return state


def act(state: State, runtime: Runtime[Work]) -> State:
    executing.act(runtime.context)
    return state


def park(state: State, runtime: Runtime[Work]) -> State:
    parking.park(runtime.context)
    return state


def wait(state: State) -> State:
    """Give the worker back. It runs again from its first line, so nothing else stands here."""
    interrupt({"session_id": state["session_id"]})
    return state


def settle(state: State, runtime: Runtime[Work]) -> State:
    settling.settle(runtime.context)
    return state


def stop(state: State, runtime: Runtime[Work]) -> State:
    settling.abort(runtime.context)
    return state


def following(state: State, runtime: Runtime[Work]) -> str:
    """Return the name of the node that does what is undone."""
    ahead = runtime.context.ahead
    known = ahead.take_next()
    if known is None:
        history = History(moves.read(state["session_id"]))
        known = steering.next_thing(history)
        if known is Next.THINK:
            ahead.keep(history)
    return known.value


def parked(state: State, runtime: Runtime[Work]) -> str:
    """Return the way from `park`: to wait, unless what it waited for came first."""
    session = moves.glance(state["session_id"])
    return "wait" if session.status == session.Status.WAITING else following(state, runtime)
