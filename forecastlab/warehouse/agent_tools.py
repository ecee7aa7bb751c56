from __future__ import annotations

from typing import Literal

from pydantic import Field

from forecastlab.accounts.services.access import requester
from forecastlab.lib.contributions import ToolContext, ToolResult
from forecastlab.lib.tools import Arguments, agent_tool, told
from forecastlab.warehouse.queries import listing, representations, series_list, tool_calls

VIEW = "dataset.view"
Order = Literal["-quantity", "quantity", "series", "-variation", "variation"]


class Datasets(Arguments):
    search: str = Field("", max_length=100, description="A part of the name; empty for all.")
    limit: int = Field(20, ge=1, le=50, description="How many to list.")


class Nothing(Arguments):
    pass


class Listed(Arguments):
    search: str = Field("", max_length=100, description="A part of the series' name.")
    store: str = Field("", max_length=200, description="The code of a store; empty for all.")
    product: str = Field("", max_length=200, description="The code of a product; empty for all.")
    sort: Order = Field("-quantity", description="By what they are sorted; a minus turns it round.")
    limit: int = Field(20, ge=1, le=50, description="How many to list.")


class Sales(Arguments):
    series: str = Field(min_length=1, max_length=200, description="The name of the series.")
    periods: int = Field(28, ge=1, le=200, description="How many of its last rows.")


@agent_tool("list_datasets", arguments=Datasets, verb=VIEW, has_effect=False)
def list_datasets(context: ToolContext, asked: Datasets) -> ToolResult:
    """List the datasets there are, with their sizes, their frequency and their span of time."""
    by = requester(context, VIEW)
    items, following = listing.described(by, search=asked.search, limit=asked.limit)
    return told({"items": items, "more": bool(following)}, f"{len(items)} datasets")


@agent_tool("describe_dataset", arguments=Nothing, verb=VIEW, has_effect=False)
def describe_dataset(context: ToolContext, _asked: Nothing) -> ToolResult:
    """Say what the dataset of this session holds, and what is wrong with its sales."""
    call = tool_calls.of(context, VIEW)
    found = {**listing.description(call.version), **representations.overview(call.version)}
    return told(found, f"{call.version.ref}: {call.version.series_count} series")


@agent_tool("list_series", arguments=Listed, verb=VIEW, has_effect=False)
def list_series(context: ToolContext, asked: Listed) -> ToolResult:
    """List series of the dataset with their sales, by what they sold or how much they vary."""
    call = tool_calls.of(context, VIEW)
    wanted = series_list.Wanted(
        search=asked.search, store=asked.store, product=asked.product, sort=asked.sort
    )
    items, following = representations.listed(call.version, wanted, limit=asked.limit, cursor="")
    return told({"items": items, "more": bool(following)}, f"{len(items)} series")


@agent_tool("read_sales", arguments=Sales, verb=VIEW, has_effect=False)
def read_sales(context: ToolContext, asked: Sales) -> ToolResult:
    """Read what a series sold lately, with prices and promotions where they are known."""
    call = tool_calls.of(context, VIEW)
    found = tool_calls.sales(call.version, asked.series, asked.periods)
    return told(found, f"{len(found['items'])} periods of {asked.series}")
