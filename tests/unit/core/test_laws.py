"""The laws, on whole histories: what holds after every message, whatever happened before."""

from __future__ import annotations

import pytest
from hypothesis import given

from channel_sync.core.model import Policy
from tests.unit.core import cells
from tests.unit.core.histories import PROFILE, Round, lawful, policies, rounds, tell


@lawful()
@given(policies, rounds)
def test_the_laws_hold_in_every_history(policy: Policy, told: list[Round]) -> None:
    """Convergence, idempotence, staff's edits, no shared room, batching, tasks: see `laws`."""
    story = tell(policy, told)
    cells.MET.update(story.hotel.cells)


@pytest.mark.skipif(PROFILE == "quick", reason="a first look meets too few cases")
def test_every_cell_of_the_decision_table_was_met_a_hundred_times() -> None:
    if not cells.MET:
        pytest.skip("counted by the laws, which were not run")
    few = {cell: cells.MET[cell] for cell in cells.TABLE if cells.MET[cell] < cells.LEAST}
    assert not few


def test_no_cell_is_met_that_cannot_be() -> None:
    assert not {cell: why for cell, why in cells.IMPOSSIBLE.items() if cells.MET[cell]}
