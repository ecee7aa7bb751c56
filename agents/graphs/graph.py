"""The graph of a session: a table of contents. Which way it goes is what the rows say."""

from __future__ import annotations

from collections.abc import Hashable

from langgraph.graph import END, START, StateGraph

from agents.graphs import nodes
from agents.graphs.state import State
from agents.services.working import Work

STEPS = {
    "think": nodes.think,
    "gate": nodes.gate,
    "act": nodes.act,
    "park": nodes.park,
    "wait": nodes.wait,
    "settle": nodes.settle,
    "stop": nodes.stop,
}
WAYS: dict[Hashable, str] = {**{name: name for name in STEPS if name != "wait"}, "end": END}


def build() -> StateGraph[State, Work, State, State]:
    graph: StateGraph[State, Work, State, State] = StateGraph(State, context_schema=Work)
    for name, node in STEPS.items():
        graph.add_node(name, node)  # type: ignore[call-overload]
    graph.add_conditional_edges(START, nodes.following, WAYS)
    for name in STEPS:
        if name != "park":
            graph.add_conditional_edges(name, nodes.following, WAYS)
    graph.add_conditional_edges("park", nodes.parked, {"wait": "wait", **WAYS})
    return graph
