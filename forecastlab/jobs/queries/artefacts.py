from __future__ import annotations

from django.db import connection

# Steps name their files somewhere in what they hand on. What succeeded has handed it all on to
# rows of its own, what was cancelled is not gone on with.
_NAMED = """
WITH live AS (
    SELECT id, params FROM jobs_job WHERE status NOT IN ('succeeded', 'cancelled')
), said AS (
    SELECT params::text AS words FROM live
    UNION ALL
    SELECT step.data::text || step.shard::text FROM jobs_jobstep step
    JOIN live ON live.id = step.job_id
)
SELECT DISTINCT found[1] FROM said, regexp_matches(words, '"([0-9a-f]{64})"', 'g') AS found
"""


def working_files() -> set[str]:
    """Return the digests that jobs name which are not over, or failed and may be gone on with."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMED)
        return {digest for (digest,) in cursor.fetchall()}
