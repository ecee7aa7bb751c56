"""The schema in which LangGraph keeps its bookmarks; its tables are of its own making."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from langgraph.checkpoint.postgres import PostgresSaver
from psycopg import Connection
from psycopg.rows import dict_row


def make_tables(_apps: Any, editor: Any) -> None:
    """Make them through a connection of their own: an index of theirs allows no transaction."""
    given = editor.connection.get_connection_params()
    params = {
        key: given[key] for key in ("dbname", "user", "password", "host", "port") if key in given
    }
    with Connection.connect(
        **params,
        autocommit=True,
        prepare_threshold=0,
        row_factory=dict_row,
        options="-c search_path=agents",
    ) as own:
        own.execute("create schema if not exists agents")
        PostgresSaver(own).setup()


def drop_tables(_apps: Any, editor: Any) -> None:
    editor.execute("drop schema if exists agents cascade")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("agents", "0002_session_refs")]
    operations = [
        migrations.RunPython(make_tables, drop_tables, elidable=True),
    ]
