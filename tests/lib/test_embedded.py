from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from forecastlab.lib.embedded import binaries, children, home, recovery, servers, shared_memory
from forecastlab.lib.embedded.children import Child, Program
from forecastlab.lib.embedded.supervisor import Supervisor
from tests.stack import BASE_DIR


def test_services_are_stored_for_the_owner_alone(tmp_path: Path) -> None:
    home.write_services(tmp_path, home.Services(web_port=8000, secret_key="kept"))

    assert home.read_services(tmp_path).secret_key == "kept"
    assert (tmp_path / home.SERVICES).stat().st_mode & 0o777 == 0o600


def test_unreadable_services_count_as_none(tmp_path: Path) -> None:
    (tmp_path / home.SERVICES).write_text("{half")

    assert home.read_services(tmp_path) == home.Services()


def test_a_home_is_taken_once_and_free_again(tmp_path: Path) -> None:
    held = home.lock(tmp_path)

    with pytest.raises(home.AlreadyRunning, match=str(os.getpid())):
        home.lock(tmp_path)
    os.close(held)

    os.close(home.lock(tmp_path))


def test_supervisor_counts_as_ready_once_it_says_so(tmp_path: Path) -> None:
    held = home.lock(tmp_path)
    before = home.ready_supervisor(tmp_path)
    home.write_services(tmp_path, home.Services(supervisor_pid=os.getpid()))

    assert (before, home.ready_supervisor(tmp_path)) == (0, os.getpid())

    os.close(held)
    assert home.ready_supervisor(tmp_path) == 0


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert servers.free_port(port) != port


def test_without_any_redis_the_message_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_package", lambda name: None)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(binaries.NoRedisBinary, match="REDIS_URL"):
        binaries.redis_server()


def test_a_server_that_ends_at_once_is_told_with_its_log(tmp_path: Path) -> None:
    log = tmp_path / "odd.log"
    child = children.start(Program("odd", ("sh", "-c", "echo no room >&2; exit 3")), log)

    with pytest.raises(servers.ServerDidNotStart, match="no room"):
        servers.wait_for(child, lambda: False, log)


def test_stop_kills_what_does_not_listen(tmp_path: Path) -> None:
    deaf = Program("deaf", ("sh", "-c", "trap '' TERM; while :; do sleep 1; done"))
    child = children.start(deaf, tmp_path / "deaf.log")

    children.stop([child], within=0.3)

    assert child.process.returncode in {-signal.SIGKILL, -signal.SIGTERM}


def test_a_crashed_child_starts_again_after_a_pause_that_grows(tmp_path: Path) -> None:
    log = tmp_path / "short.log"
    child = children.start(Program("short", ("true",)), log)
    child.process.wait()
    first = child.pid

    revived_at_once = children.revive(child, log)
    pauses = [child.pause]
    child.due = 0.0
    assert children.revive(child, log)
    child.process.wait()
    children.revive(child, log)

    assert not revived_at_once
    assert child.pid != first
    assert child.pause > pauses[0]


def test_a_recycled_number_is_not_taken_for_an_old_child(tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    row = {"name": "web", "pid": other.pid, "began": 1.0}
    (tmp_path / children.RECORD).write_text(json.dumps([row]))

    recovery.clear(tmp_path, tmp_path / "postgres")

    assert other.poll() is None
    children.stop([Child(Program("other", ()), other, 0.0)], within=2)


def test_doctor_names_what_is_missing_and_exits_with_1(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        call_command("doctor", "--json")

    result = json.loads(capsys.readouterr().out)
    assert left.value.code == 1
    assert not result["ok"]
    assert "workers" in {one["check"] for one in result["findings"]}


@pytest.fixture
def no_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which /dev/shm cannot be written."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("multiprocessing.context.BaseContext.Lock", refuse)


@pytest.mark.usefixtures("db", "no_shared_memory")
def test_doctor_names_shared_memory_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        call_command("doctor", "--json")

    findings = json.loads(capsys.readouterr().out)["findings"]
    told = next(one["finding"] for one in findings if one["check"] == "shared memory")
    assert "/dev/shm: Permission denied" in told
    assert "mode=1777" in told


@pytest.mark.usefixtures("no_shared_memory")
def test_nothing_is_started_where_workers_could_not_live(tmp_path: Path) -> None:
    with pytest.raises(shared_memory.SharedMemoryClosed, match="/dev/shm") as refused:
        Supervisor(BASE_DIR, tmp_path, say=print).start_servers()

    assert refused.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def _manage(*arguments: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BASE_DIR / "manage.py"), *arguments],
        env=os.environ | {"FORECASTLAB_HOME": str(folder)} | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.slow
def test_up_with_a_dead_external_database_says_so(tmp_path: Path) -> None:
    dead = "postgresql://nobody:x@127.0.0.1:1/none"

    done = _manage("up", folder=tmp_path, DATABASE_URL=dead, REDIS_URL=os.environ["REDIS_URL"])

    assert done.returncode == 2
    assert "database does not answer" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_up_over_a_missing_file_starts_nothing(tmp_path: Path) -> None:
    done = _manage("up", "--dataset-file", "none.csv", folder=tmp_path / "home")

    assert done.returncode == 2
    assert "none.csv" in done.stderr
    assert not (tmp_path / "home" / "postgres").exists()


@pytest.mark.slow
def test_sign_in_links_are_refused_with_external_services(tmp_path: Path) -> None:
    done = _manage("sign_in_link", "planner", "--json", folder=tmp_path)

    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "links_are_off"
