from __future__ import annotations

from tests.growth import MOST, growth


def counted(steps: int) -> int:
    return sum(1 for _ in range(steps))


def test_work_in_proportion_is_told_from_work_that_grows_faster() -> None:
    assert growth(lambda size: counted(size * 100), 1_000) < MOST
    assert growth(lambda size: counted(size * size), 200) > MOST
