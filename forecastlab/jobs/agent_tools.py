"""What agents may know of jobs.

A session is seen by all who may see its dataset, and so is what its tools answer, titles and
errors too. So they tell only of jobs over that dataset which all its readers may see: not of the
requester's other jobs, nor of an upload that only he sees; without a dataset, of none.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from forecastlab.accounts.services.access import requester
from forecastlab.jobs.queries import jobs
from forecastlab.lib.contributions import ToolContext, ToolResult
from forecastlab.lib.tools import Arguments, agent_tool, told

VIEW = "job.view"
Status = Literal["", "queued", "running", "waiting", "succeeded", "failed", "cancelled"]


class Jobs(Arguments):
    status: Status = Field("", description="Only jobs in this state; empty for all.")
    limit: int = Field(20, ge=1, le=50, description="How many to list.")


class OneJob(Arguments):
    job: int = Field(ge=1, description="The number of the job.")


@agent_tool("list_jobs", arguments=Jobs, verb=VIEW, has_effect=False)
def list_jobs(context: ToolContext, asked: Jobs) -> ToolResult:
    """List jobs over the dataset of this session, newest first: what they do, how far they are,
    and why they failed. Jobs over other datasets, and those that only one person may see, are not
    told of here.
    """
    by = requester(context, VIEW)
    found, following = jobs.listed(by, over=_dataset(context), **asked.model_dump())
    data = {"items": [jobs.described(one) for one in found], "more": bool(following)}
    return told(data, f"{len(found)} jobs")


@agent_tool("read_job", arguments=OneJob, verb=VIEW, has_effect=False)
def read_job(context: ToolContext, asked: OneJob) -> ToolResult:
    """Read how far a job over the dataset of this session is, step by step; there are no others
    here.
    """
    found = jobs.find(asked.job, requester(context, VIEW), over=_dataset(context))
    return told(jobs.with_steps(found), f"Job {found.pk}: {found.status}")


def _dataset(context: ToolContext) -> str:
    return context.dataset.partition("@")[0]
