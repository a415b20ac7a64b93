"""Prints after the tests how many cases the laws met in each cell of the decision table."""

from __future__ import annotations

import pytest

from tests.unit.core import cells


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if cells.MET:
        terminalreporter.section("cases per cell of the decision table")
        for line in cells.report():
            terminalreporter.write_line(line)
