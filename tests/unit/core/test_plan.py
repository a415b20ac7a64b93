"""The plan of bits against a naive one of sets, and best fit (R1) against its definition."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from channel_sync.core.model import Allocation
from channel_sync.core.plan import Layout, Plan, bits_of
from tests.unit.core.histories import lawful
from tests.unit.core.house import TODAY, day, property_of

HOUSE = property_of({"STD": [("1", 1), ("2", 2)], "DLX": [("3", 2), ("4", 4)]}, units={"TENT": 2})
LAYOUT = Layout.of(HOUSE)
ROOMS = [room.code for room in HOUSE.rooms]

spans = st.tuples(st.integers(1, 12), st.integers(0, 4)).map(lambda s: (s[0], s[0] + s[1]))
allocations = st.builds(
    lambda room, span: Allocation(room, day(span[0]), day(span[1])), st.sampled_from(ROOMS), spans
)


def empty() -> Plan:
    return Plan(LAYOUT, {}, {})


def nights(span: Allocation) -> set[tuple[str, int]]:
    return {(span.room, n) for n in range(span.from_date.toordinal(), span.to_date.toordinal())}


def names(mask: int) -> set[str]:
    return {ROOMS[bit] for bit in bits_of(mask)}


@lawful()
@given(st.lists(allocations, max_size=8), st.lists(allocations, max_size=3), spans)
def test_bits_say_what_sets_would(
    held: list[Allocation], left: list[Allocation], span: tuple[int, int]
) -> None:
    plan = empty().occupy(held).release(left)
    taken = {n for a in held for n in nights(a)} - {n for a in left for n in nights(a)}
    wanted = range(day(span[0]).toordinal(), day(span[1]).toordinal())
    free = {room for room in ROOMS if not any((room, night) in taken for night in wanted)}
    assert names(plan.free(day(span[0]), day(span[1]))) == free


@lawful()
@given(st.lists(allocations, max_size=8), spans, st.sets(st.sampled_from(ROOMS)))
def test_best_fit_leaves_the_fewest_idle_nights(
    held: list[Allocation], span: tuple[int, int], among: set[str]
) -> None:
    today = day(0)
    taken = {n for a in held for n in nights(a)}
    first, end = day(span[0]).toordinal(), day(span[1]).toordinal()

    def idle(room: str) -> int:
        before = 0
        while first - before > today.toordinal() and (room, first - 1 - before) not in taken:
            before += 1
        after = 0
        while after < 365 and (room, end + after) not in taken:
            after += 1
        return before + after

    plan = empty().occupy(held)
    best = min(sorted(among, key=ROOMS.index), key=idle, default=None)
    assert plan.best_fit(LAYOUT.mask(among), day(span[0]), day(span[1]), today) == best
    for room in among:
        assert plan.idle_nights(room, day(span[0]), day(span[1]), today) == idle(room)


def test_nobody_around_counts_365_on_the_open_side() -> None:
    assert empty().idle_nights("1", day(3), day(5), day(1)) == 2 + 365


def test_a_gap_before_counts_365_at_most() -> None:
    far = day(1) + timedelta(days=500)
    assert empty().idle_nights("1", far, far + timedelta(days=1), day(1)) == 365 + 365
    neighbour = Allocation("2", far - timedelta(days=366), far - timedelta(days=365))
    beside = empty().occupy([neighbour])
    assert beside.idle_nights("2", far, far + timedelta(days=1), day(1)) == 365 + 365


def test_ties_go_by_room_order() -> None:
    assert empty().best_fit(LAYOUT.mask(["4", "2"]), day(1), day(2), TODAY) == "2"
    assert empty().best_fit(0, day(1), day(2), TODAY) is None


def test_a_layout_knows_categories_capacities_and_closed_rooms() -> None:
    assert names(LAYOUT.category("DLX")) == {"3", "4"}
    assert LAYOUT.category("TENT") == LAYOUT.category("XXX") == LAYOUT.category(None) == 0
    assert names(LAYOUT.fitting(LAYOUT.mask(ROOMS), 2)) == {"2", "3", "4"}
    assert names(LAYOUT.fitting(LAYOUT.mask(["1", "4"]), 1)) == {"1", "4"}
    assert LAYOUT.fitting(LAYOUT.mask(ROOMS), 5) == 0
    assert LAYOUT.mask(["1", "no such room"]) == 1


def test_a_closed_room_is_never_free() -> None:
    first, *others = HOUSE.rooms
    closed = replace(HOUSE, rooms=(replace(first, active=False), *others))
    assert names(Plan(Layout.of(closed), {}, {}).free(day(1), day(2))) == {"2", "3", "4"}


def test_a_promised_room_is_free_for_its_own_stay_only() -> None:
    plan = empty().promise((1, "1"), Allocation("1", day(3), day(5)))
    assert "1" not in names(plan.free(day(4), day(6)))
    assert "1" in names(plan.free(day(4), day(6), ask_for=(1, "1")))
    assert "1" not in names(plan.free(day(4), day(6), ask_for=(1, "2")))
    assert "1" in names(plan.free(day(5), day(6)))
    assert "1" in names(plan.free(day(2), day(3)))
    assert "1" in names(plan.promise((1, "1"), None).free(day(4), day(6)))


def test_another_promise_of_the_same_stay_replaces_the_first() -> None:
    plan = empty().promise((1, "1"), Allocation("1", day(3), day(5)))
    plan = plan.promise((2, "1"), Allocation("3", day(3), day(5)))
    plan = plan.promise((1, "1"), Allocation("2", day(3), day(5)))
    assert names(plan.free(day(3), day(4))) == {"1", "4"}


counted = st.lists(
    st.tuples(st.sampled_from(["TENT", "STD"]), spans).map(
        lambda c: (c[0], day(c[1][0]).toordinal(), day(c[1][1]).toordinal())
    ),
    max_size=6,
)


@lawful()
@given(counted, spans.filter(lambda span: span[0] < span[1]))
def test_the_fullest_night_is_counted(
    stays: list[tuple[str, int, int]], span: tuple[int, int]
) -> None:
    plan = empty()
    for number, stay in enumerate(stays):
        plan = plan.count((number, "1"), stay)
    wanted = range(day(span[0]).toordinal(), day(span[1]).toordinal())
    most = max(
        (sum(code == "TENT" and a <= n < b for code, a, b in stays) for n in wanted), default=0
    )
    assert plan.most_counted("TENT", day(span[0]), day(span[1])) == most


def test_a_stay_is_counted_once() -> None:
    night = day(1).toordinal()
    plan = empty().count((1, "1"), ("TENT", night, night + 1))
    plan = plan.count((2, "1"), ("TENT", night, night + 1)).count((2, "1"), ("STD", night, night))
    assert plan.most_counted("TENT", day(1), day(2)) == 1
    assert plan.count((1, "1"), None).most_counted("TENT", day(1), day(2)) == 0
