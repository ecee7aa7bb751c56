"""A skipped test fails the run unless `tests/allowed_skips.txt` lists it.

The list holds one line per test: its node id, then ` # ` and why it may be skipped.
"""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--allowed-skips", help="fail on any skip that this file does not list")


def pytest_configure(config: pytest.Config) -> None:
    listed = config.getoption("--allowed-skips")
    if listed and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Skips(Path(str(listed))), "forecastlab-skips")


class _Skips:
    def __init__(self, listed: Path) -> None:
        lines = [line.partition(" # ")[0].strip() for line in listed.read_text().splitlines()]
        self.allowed = {line for line in lines if line and not line.startswith("#")}
        self.refused: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        # Under xdist the node id ends in the name of the group.
        name = report.nodeid.partition("@")[0]
        if report.skipped and not hasattr(report, "wasxfail") and name not in self.allowed:
            self.refused.append(name)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.refused and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for name in sorted(set(self.refused)):
            terminalreporter.write_line(f"SKIP NOT ALLOWED {name}", red=True)
