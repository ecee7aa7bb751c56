"""Whether the installation is alive and ready, for supervisors and proxies."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from forecastlab.accounts.services.access import public
from forecastlab.lib import redis_clients, registry
from forecastlab.lib.contributions import HealthCheck


@public("a supervisor asks without signing in; the answer names no data")
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process does."""
    return JsonResponse({"alive": True})


@public("a proxy asks without signing in; the answer names services, no data")
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when everything that a request needs is there, else 503 and what is missing."""
    missing = _missing()
    status = 503 if missing else 200
    return JsonResponse({"ready": not missing, "missing": missing}, status=status)


def _missing() -> dict[str, str]:
    found: dict[str, str] = {}
    for one in checks():
        # A lost database lets every question wait for seconds: one of them is enough.
        unknown = one is _MIGRATIONS and "database" in found
        if told := _UNKNOWN if unknown else one.check():
            found[one.name] = told
    return found


def checks() -> list[HealthCheck]:
    """Return the checks of readiness: ours, then the contributed ones."""
    return [check for check in every_check() if check.readiness]


def every_check() -> list[HealthCheck]:
    """Return all checks; `doctor` runs those too that are no reason to refuse requests."""
    contributed = registry.contributed("health_checks", HealthCheck)
    return [*_OURS, *(check for _, check in contributed)]


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError:
        return "The database does not answer. Check DATABASE_URL, or start it with manage.py up."
    return ""


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return _UNKNOWN
    names = ", ".join(f"{one.app_label}.{one.name}" for one, _ in waiting)
    return f"Not applied: {names}. Run manage.py migrate." if names else ""


def _redis() -> str:
    try:
        with redis_clients.brief(settings.REDIS_URL) as client:
            client.ping()
    except RedisError:
        return "Redis does not answer. Check REDIS_URL, or start it with manage.py up."
    return ""


_UNKNOWN = "Unknown while the database does not answer."
_MIGRATIONS = HealthCheck("migrations", _migrations, readiness=True)
_OURS = (
    HealthCheck("database", _database, readiness=True),
    _MIGRATIONS,
    HealthCheck("redis", _redis, readiness=True),
)

urlpatterns = [path("healthz", healthz, name="healthz"), path("readyz", readyz, name="readyz")]
