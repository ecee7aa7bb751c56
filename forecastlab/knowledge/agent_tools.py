from __future__ import annotations

from pydantic import Field

from forecastlab.accounts.services.access import requester
from forecastlab.knowledge.queries import citations, retrieval, sharing
from forecastlab.lib.contributions import ToolContext, ToolResult
from forecastlab.lib.tools import Arguments, agent_tool, told
from forecastlab.warehouse.queries import tool_calls

READ = "knowledge.read"


class Question(Arguments):
    question: str = Field(
        min_length=1, max_length=retrieval.LONGEST_QUESTION, description="What is to be found out."
    )
    limit: int = Field(5, ge=1, le=20, description="How many passages.")


@agent_tool("search_knowledge", arguments=Question, verb=READ, has_effect=False)
def search_knowledge(context: ToolContext, asked: Question) -> ToolResult:
    """Find passages of the documents that answer a question, each with where it stands."""
    by = requester(context, READ)
    dataset = tool_calls.of(context, READ).version.dataset if context.dataset else None
    # Whoever may see the dataset reads along.
    among = sharing.with_all_of(dataset)
    passages = retrieval.retrieve(asked.question, by, limit=asked.limit, among=among)
    found = citations.of_passages(passages)
    return told(found, f"{len(found['results'])} passages")
