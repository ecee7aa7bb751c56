"""A whole installation: started twice, interrupted, killed, recovered."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from forecastlab.lib.embedded import home
from tests.stack import BASE_DIR, Stack

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def own() -> Iterator[Stack]:
    """An installation that these tests may stop and kill; each finds it running."""
    with Stack() as running:
        yield running


def _family(stack: Stack) -> list[psutil.Process]:
    assert stack.process is not None
    return psutil.Process(stack.process.pid).children(recursive=True)


def _wait(true: Callable[[], bool], *, within: float = 60) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return False


def _ready(stack: Stack) -> bool:
    try:
        with urllib.request.urlopen(f"{stack.url}/readyz", timeout=5) as answer:
            return bool(json.load(answer)["ready"])
    except (urllib.error.URLError, TimeoutError):
        return False


def test_home_and_passwords_are_for_the_owner(own: Stack) -> None:
    mode = stat.S_IMODE(own.home.stat().st_mode)

    assert mode == (0o711 if os.geteuid() == 0 else 0o700)
    assert stat.S_IMODE((own.home / home.SERVICES).stat().st_mode) == 0o600


def test_second_start_in_the_same_home_says_where_the_first_is(own: Stack) -> None:
    done = own.run_command("up")

    assert done.returncode == 1
    assert own.url in done.stderr


def test_doctor_finds_a_running_installation_well(own: Stack) -> None:
    assert _wait(lambda: own.run_command("doctor", "--json").returncode == 0)


def test_a_killed_worker_is_started_again(own: Stack) -> None:
    killed = own.workers("heavy")

    own.kill(killed[0])

    assert _wait(lambda: bool(own.workers("heavy")) and own.workers("heavy") != killed)


def test_a_killed_database_comes_back_under_the_pages(own: Stack) -> None:
    killed = own.pid("postgres")

    own.kill(killed)

    assert _wait(lambda: own.pid("postgres") != killed)
    assert _wait(lambda: _ready(own))


def test_interrupt_leaves_no_process(own: Stack) -> None:
    family = _family(own)

    own.stop(signal.SIGINT)

    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert own.process is not None
    assert own.process.returncode == 0
    own.start()


def test_killed_supervisor_takes_all_with_it_and_the_next_start_recovers(own: Stack) -> None:
    family = _family(own)
    assert own.process is not None

    own.process.kill()
    own.process.wait()
    left = psutil.wait_procs(family, timeout=20)[1]
    own.start()

    assert left == []
    assert _ready(own)


def test_start_recovers_from_a_child_that_outlived_the_supervisor(own: Stack) -> None:
    own.stop(signal.SIGKILL)
    stray = subprocess.Popen(["sleep", "600"], start_new_session=True)
    began = psutil.Process(stray.pid).create_time()
    row = {"name": "worker-heavy", "pid": stray.pid, "began": began}
    (own.home / "children.json").write_text(json.dumps([row]))
    (own.home / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")

    own.start()

    assert stray.wait(10) == -signal.SIGKILL
    assert _ready(own)


def test_lab_starts_what_a_command_needs_and_ends_it(own: Stack, tmp_path: Path) -> None:
    own.stop()
    (tmp_path / "with space.csv").write_text("a\n1\n")

    done = subprocess.run(
        [str(BASE_DIR / "scripts" / "lab"), "import_dataset", "odd", "with space.csv", "--json"],
        env=own.env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )

    assert done.returncode == 2, done.stderr
    assert "error" in json.loads(done.stdout)
    assert not home.ready_supervisor(own.home)
    assert [one for one in psutil.process_iter() if str(own.home) in " ".join(_line(one))] == []


def _line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
