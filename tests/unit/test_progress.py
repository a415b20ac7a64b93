from __future__ import annotations

import pytest

from channel_sync.progress import LINE_SECONDS, Lines, progress


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_long_work_says_a_line_now_and_then_and_a_last_one() -> None:
    said: list[str] = []
    clock = Hand()
    work = Lines(said.append, clock)
    work.begin("replay", 4)
    for _ in range(4):
        clock.seconds += LINE_SECONDS / 2
        work.advance()
    assert said == ["replay: 2 of 4\n", "replay: 4 of 4\n"]


def test_short_work_says_nothing() -> None:
    said: list[str] = []
    work = Lines(said.append, Hand())
    work.begin("migrate", 3)
    work.advance(3)
    assert said == []


def test_a_part_that_begins_starts_its_time_anew() -> None:
    said: list[str] = []
    clock = Hand()
    work = Lines(said.append, clock)
    work.begin("load", 1)
    clock.seconds += LINE_SECONDS
    work.advance()
    work.begin("planner", 2)
    work.advance(2)
    assert said == ["load: 1 of 1\n"]


@pytest.mark.parametrize("quiet", [False, True])
def test_nothing_is_drawn_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], quiet: bool
) -> None:
    with progress(quiet=quiet) as work:
        work.begin("replay", 2)
        work.advance(2)
    assert capsys.readouterr() == ("", "")
