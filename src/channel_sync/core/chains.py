"""Stays that give way to one another, move by move: the search behind a reshuffle (rule R2)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from channel_sync.core.model import Move
from channel_sync.core.neighbours import Neighbour
from channel_sync.core.place import Ask
from channel_sync.core.plan import Plan, bits_of


class OutOfBudget(Exception):
    """The search has looked at as many rooms as it may."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One room for some nights of a stay; or, with no home (-1), of the one that looks for one.

    Nights are ordinals, half-open; `home` is the bit of its room, `allowed` the rooms it may have.
    """

    first: int
    end: int
    home: int
    allowed: int
    arrival: int = 0


class Chains:
    """One search: who has given way so far, and what those placed anew have taken.

    Only neighbours between the nights of `span` are known. `is_cramped`: one who gave way reaches
    beyond, so that a neighbour who is not known may have been in its way. `was_cut`: more moves
    than the limit allows might lead further.
    """

    def __init__(
        self,
        plan: Plan,
        ask: Ask,
        category: str,
        wanted: int,
        neighbours: Iterable[Neighbour],
        span: tuple[int, int],
    ) -> None:
        self.layout = plan.layout
        self.in_category = plan.layout.category(category) & plan.layout.active
        self.span = span
        self.nodes = self.budget = self.limit = 0
        self.was_cut = self.is_guessing = self.is_cramped = False
        self.best: tuple[int, int] = (0, 0)
        self.found: tuple[tuple[int, int], ...] = ()
        self.placed: list[tuple[int, int]] = []
        nights = ask.from_date.toordinal(), ask.to_date.toordinal()
        self.pieces = [Piece(*nights, -1, wanted & self.in_category)]
        self.owners: list[Neighbour] = []
        self._collect(neighbours, plan.layout.category(category))
        self.latest = max(piece.arrival for piece in self.pieces)
        self.sitting: dict[int, int] = {}
        self.in_room: dict[int, list[int]] = {}
        self.ends: dict[int, list[int]] = {}
        self.taken: dict[int, int] = {}
        self.gone: set[int] = set()
        self._seat(plan)

    def _collect(self, neighbours: Iterable[Neighbour], category: int) -> None:
        """The pieces that may be moved: those in a room of the category."""
        allowed: dict[int, int] = {}
        for each in neighbours:
            for room in each.rooms:
                home = self.layout.bits.get(room.room, -1)
                if home < 0 or not category >> home & 1:
                    continue
                if each.party not in allowed:
                    allowed[each.party] = self.layout.fitting(self.in_category, each.party)
                nights = room.from_date.toordinal(), room.to_date.toordinal()
                arrival = each.arrival.toordinal()
                self.pieces.append(Piece(*nights, home, allowed[each.party], arrival))
                self.owners.append(each)

    def _seat(self, plan: Plan) -> None:
        """Who sits where, by night and by room; what is held besides, nobody can move."""
        for number in sorted(range(1, len(self.pieces)), key=lambda n: self.pieces[n].first):
            piece = self.pieces[number]
            self._turn(self.sitting, piece, piece.home)
            self.in_room.setdefault(piece.home, []).append(number)
            self.ends.setdefault(piece.home, []).append(piece.end)
        for night, held in plan.held.items():
            self.taken[night] = held & ~self.sitting.get(night, 0)
        for promise in plan.promised.values():
            bit = self.layout.mask([promise.room])
            for night in range(promise.from_date.toordinal(), promise.to_date.toordinal()):
                self.taken[night] = self.taken.get(night, 0) | bit

    def start_over(self) -> None:
        """Everybody back to where they were, after a search that ended half-way."""
        while self.placed:
            number, bit = self.placed.pop()
            self._turn(self.taken, self.pieces[number], bit)
        for number in self.gone:
            self._turn(self.sitting, self.pieces[number], self.pieces[number].home)
        self.gone.clear()

    def is_short(self) -> bool:
        """Whether on some night more stays need rooms of some size than there are."""
        asked = self.pieces[0]
        for size in self.layout.capacities:
            big = self.layout.fitting(self.in_category, size)
            for night in range(asked.first, asked.end):
                need = int(not asked.allowed & ~big)
                open_rooms = big & ~self.taken.get(night, 0)
                for bit in bits_of(self.sitting.get(night, 0) & open_rooms):
                    number = self.in_room[bit][bisect_right(self.ends[bit], night)]
                    allowed = self.pieces[number].allowed
                    need += bool(allowed >> bit & 1) and not allowed & ~big
                if need > open_rooms.bit_count():
                    return True
        return False

    def place(self, displaced: tuple[int, ...], moved: int, nights: int, late: int) -> None:
        """Give every displaced piece a room, in all ways that the limit of moves allows.

        `moved`, `nights` and `late` are what the plan has cost up to here.
        """
        self._count()
        if not displaced:
            self.best, self.found = (nights, late), tuple(self.placed)
            return
        left = self.limit - moved
        number, free, others = self._hardest(displaced)
        if not left:
            self.was_cut |= bool(others)
            others = 0
        rest = tuple(n for n in displaced if n != number)
        for bit, leaving in self._ways(number, free, others, left):
            cost = (
                nights + sum(self.pieces[n].end - self.pieces[n].first for n in leaving),
                late + sum(self.latest - self.pieces[n].arrival for n in leaving),
            )
            if self.found and (self.is_guessing or cost >= self.best):
                continue
            self._give_way(number, bit, leaving)
            self.place((*rest, *leaving), moved + len(leaving), *cost)
            self._come_back(number, bit, leaving)

    def _hardest(self, displaced: tuple[int, ...]) -> tuple[int, int, int]:
        """The piece with the fewest free rooms: these, and the rooms where others would leave."""
        hardest, free_of, others_of, fewest = -1, 0, 0, -1
        for number in displaced:
            piece = self.pieces[number]
            self.is_cramped |= piece.first < self.span[0] or piece.end > self.span[1]
            taken = sitting = 0
            for night in range(piece.first, piece.end):
                taken |= self.taken.get(night, 0)
                sitting |= self.sitting.get(night, 0)
            able = piece.allowed & ~taken
            free = able & ~sitting
            if fewest < 0 or free.bit_count() < fewest:
                hardest, free_of, others_of, fewest = number, free, able & sitting, free.bit_count()
        return hardest, free_of, others_of

    def _ways(
        self, number: int, free: int, others: int, left: int
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The rooms that a piece may take, and who leaves each; in room order."""
        ways = self._in_room_order(number, free, others, left)
        return iter(sorted(ways, key=lambda way: len(way[1]))) if self.is_guessing else ways

    def _in_room_order(
        self, number: int, free: int, others: int, left: int
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        piece = self.pieces[number]
        for bit in bits_of(free | others):
            if free >> bit & 1:
                yield bit, ()
                continue
            self._count()
            leaving = self._sitters(bit, piece)
            if len(leaving) > left:
                self.was_cut = True
            else:
                yield bit, leaving

    def _sitters(self, bit: int, piece: Piece) -> tuple[int, ...]:
        """Who sits in a room on nights of a piece and may still leave it."""
        sitters = []
        here = self.in_room[bit]
        for number in here[bisect_right(self.ends[bit], piece.first) :]:
            if self.pieces[number].first >= piece.end:
                break
            if number not in self.gone:
                sitters.append(number)
        return tuple(sitters)

    def _give_way(self, number: int, bit: int, leaving: tuple[int, ...]) -> None:
        """The piece takes the room; those in its way leave theirs."""
        for other in leaving:
            self._turn(self.sitting, self.pieces[other], self.pieces[other].home)
        self.gone.update(leaving)
        self._turn(self.taken, self.pieces[number], bit)
        self.placed.append((number, bit))

    def _come_back(self, number: int, bit: int, leaving: tuple[int, ...]) -> None:
        """As it was before."""
        self.placed.pop()
        self._turn(self.taken, self.pieces[number], bit)
        self.gone.difference_update(leaving)
        for other in leaving:
            self._turn(self.sitting, self.pieces[other], self.pieces[other].home)

    @staticmethod
    def _turn(rooms: dict[int, int], piece: Piece, bit: int) -> None:
        """Set the bit of a room on the nights of a piece, or take it away again."""
        for night in range(piece.first, piece.end):
            rooms[night] = rooms.get(night, 0) ^ (1 << bit)

    def _count(self) -> None:
        self.nodes += 1
        if self.nodes > self.budget:
            raise OutOfBudget

    def plan_found(self) -> tuple[str | None, tuple[Move, ...]]:
        """The room and the moves of the best plan, in the order in which the stays give way."""
        if not self.found:
            return None, ()
        (_, room), *others = self.found
        return self.layout.rooms[room].code, tuple(self._told(*other) for other in others)

    def _told(self, number: int, bit: int) -> Move:
        piece, owner = self.pieces[number], self.owners[number - 1]
        return Move(
            reservation_id=owner.key[0],
            reference=owner.reference,
            line=owner.key[1],
            from_room=self.layout.rooms[piece.home].code,
            to_room=self.layout.rooms[bit].code,
            from_date=date.fromordinal(piece.first),
            to_date=date.fromordinal(piece.end),
        )
