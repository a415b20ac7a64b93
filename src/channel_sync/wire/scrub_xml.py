"""Takes card data and credentials out of XML: by names first, then wherever they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from channel_sync.wire.errors import Unreadable
from channel_sync.wire.luhn import ANY_RUN, CARD_REMOVED, SHORTEST, card_number_spans
from channel_sync.wire.scrub_text import REMOVED, clean_text, spoken_code_spans
from channel_sync.wire.scrub_xml_values import (
    Values,
    clean_broken_xml,
    is_bare_number,
    is_spared,
)
from channel_sync.wire.xml_body import read_xml
from channel_sync.wire.xml_names import (
    FREE_TEXT,
    Place,
    Says,
    is_number_name,
    local_name,
    place_of,
    says,
)

_BLANKS = re.compile(r"\s+")
_DEPTH = 256  # what the parser itself allows: a body too deep to read is scrubbed all the same


def clean_xml(text: str) -> tuple[str | None, int]:
    """The document without card data, and how much was taken out; None if that cannot be proved.

    A clean document comes back as it was, character by character; a cleaned one is as well-formed
    as it came. What is not well-formed is searched as text, its names and values guessed at.
    """
    try:
        root = read_xml(text, _DEPTH)
    except Unreadable:
        return clean_broken_xml(text)
    walk = _Walk()
    walk.document(root)
    if not walk.is_clean:
        return None, 0
    if not walk.removed:
        return text, 0
    # Proved by doing it again: nothing is found in what is kept.
    cleaned: str = etree.tostring(root.getroottree(), encoding="unicode")
    declaration = _DECLARATION.match(text)
    cleaned = (declaration[0] if declaration else "") + cleaned
    again = _Walk()
    again.document(read_xml(cleaned, _DEPTH))
    proved = again.is_clean and not again.removed
    return (cleaned if proved else None), walk.removed


_DECLARATION = re.compile(r"\s*<\?xml\s[^>]{0,300}\?>\s*")


@dataclass(slots=True)
class _Piece:
    """One run of characters in the tree: an element's text, or what follows one (its tail)."""

    holder: Any
    is_tail: bool

    @property
    def text(self) -> str:
        return (self.holder.tail if self.is_tail else self.holder.text) or ""

    def put(self, text: str) -> None:
        if self.is_tail:
            self.holder.tail = text
        else:
            self.holder.text = text


class _Walk(Values):
    """One pass over a tree, in place and without recursion."""

    def __init__(self) -> None:
        super().__init__()
        self.is_clean = True  # no number in a name, where it cannot be taken out

    def document(self, root: Any) -> None:
        for beside in (*root.itersiblings(preceding=True), *root.itersiblings()):
            self.piece(_Piece(beside, is_tail=False))
            self.is_clean &= _is_clean_target(beside)
        for _, declared in etree.iterwalk(root, events=("start-ns",)):
            self.is_clean &= all(map(_is_clean_name, declared))
        todo = [(root, Place.NOWHERE, False, False)]
        while todo:
            element, around, in_secret, in_free = todo.pop()
            name = local_name(element.tag)
            said = says(name, around)
            place = max(around, place_of(name))
            in_secret = in_secret or said is Says.SECRET
            self.is_clean &= _is_clean_name(element.tag)
            for key, value in element.attrib.items():
                self.is_clean &= _is_clean_name(key)
                clean = self.attribute(name, local_name(key), value, place, in_secret=in_secret)
                if clean != value:
                    element.set(key, clean)
            children = list(element)
            self.is_clean &= all(map(_is_clean_target, children))
            self.own_text(element, children, name, said, in_secret=in_secret)
            if not in_secret and not in_free:
                in_free = self.whole_text(element, children, name)
            todo += (
                (child, place, in_secret, in_free)
                for child in children
                if isinstance(child.tag, str)
            )

    # --- Text ----------------------------------------------------------------------------------

    def own_text(
        self, element: Any, children: list[Any], name: str, said: Says, *, in_secret: bool
    ) -> None:
        """The text that stands directly in an element, comments and instructions included."""
        if in_secret:
            self.hide(element, children, name)
            return
        text = element.text
        if not text or text.isspace():
            pass  # as of most elements: the indentation of what they hold
        elif said is Says.UNNAMED and is_bare_number(text):
            element.text = self.secret(text, is_number=False)
        elif children or not is_spared(name, "", text):
            self.piece(_Piece(element, is_tail=False))
        for child in children:
            if child.tail and not child.tail.isspace():
                self.piece(_Piece(child, is_tail=True))
            if not isinstance(child.tag, str):
                self.piece(_Piece(child, is_tail=False))

    def whole_text(self, element: Any, children: list[Any], name: str) -> bool:
        """A number may be spread over comments, and in what people write over elements too.

        Returns whether all that lies below was searched as one text.
        """
        if name in FREE_TEXT or _is_mixed(element, children):
            self.stream(_pieces(element, with_beside=False))
            self.stream(_pieces(element, with_beside=True))
            return True
        comments = {child for child in children if not isinstance(child.tag, str)}
        if comments:
            around = [_Piece(element, is_tail=False)]
            for child in children:
                if child in comments:
                    around.append(_Piece(child, is_tail=False))
                around.append(_Piece(child, is_tail=True))
            self.stream(around)
            self.stream([p for p in around if p.is_tail or p.holder not in comments])
        return False

    def hide(self, element: Any, children: list[Any], name: str) -> None:
        is_number = is_number_name(name)
        pieces = [_Piece(element, is_tail=False)]
        for child in children:
            pieces.append(_Piece(child, is_tail=True))
            if not isinstance(child.tag, str):
                pieces.append(_Piece(child, is_tail=False))
        whole = is_number and not any(piece.text.strip() for piece in pieces[1:])
        for piece in pieces:
            if (text := piece.text).strip():
                piece.put(self.secret(text.strip(), is_number=whole))

    def piece(self, piece: _Piece) -> None:
        text = piece.text
        clean = self.free(text)
        if clean != text:
            piece.put(clean)

    def stream(self, pieces: list[_Piece]) -> None:
        """A number may be spread over several pieces: they are searched as one text."""
        texts = [piece.text for piece in pieces]
        whole = _BLANKS.sub(" ", "".join(texts))
        if not ANY_RUN.search(whole) and not spoken_code_spans(whole):
            return  # the usual case, at no cost
        joined, origin = _joined(texts)
        marks = [(span, CARD_REMOVED) for span in card_number_spans(joined)]
        marks += [(span, REMOVED) for span in spoken_code_spans(joined)]
        if not marks:
            return
        kept = [list(text) for text in texts]
        for (start, end), mark in marks:
            self.removed += 1
            for at in range(start, end):
                index, offset = origin[at]
                kept[index][offset] = mark if at == start else ""
        for piece, characters in zip(pieces, kept, strict=True):
            piece.put("".join(characters))


def _pieces(element: Any, *, with_beside: bool) -> list[_Piece]:
    """All text below an element, in the order of the document."""
    pieces = [_Piece(element, is_tail=False)]
    for event, node in etree.iterwalk(element, events=("start", "end", "comment", "pi")):
        if node is element:
            continue
        if event == "start" or (event in {"comment", "pi"} and with_beside):
            pieces.append(_Piece(node, is_tail=False))
        if event != "start":
            pieces.append(_Piece(node, is_tail=True))
    return [piece for piece in pieces if piece.text]


def _joined(texts: list[str]) -> tuple[str, list[tuple[int, int]]]:
    """The texts as one, each run of blanks as a single one; and where each character stood."""
    characters: list[str] = []
    origin: list[tuple[int, int]] = []
    for index, text in enumerate(texts):
        for offset, character in enumerate(text):
            if character.isspace() and characters and characters[-1] == " ":
                continue
            characters.append(" " if character.isspace() else character)
            origin.append((index, offset))
    return "".join(characters), origin


def _is_mixed(element: Any, children: list[Any]) -> bool:
    """Whether text stands beside elements: then it is one text to the eye."""
    if not children:
        return False
    if element.text and not element.text.isspace():
        return True
    return any(child.tail and not child.tail.isspace() for child in children)


def _is_clean_target(node: Any) -> bool:
    """Whether the name of an instruction holds no card number; a comment has none."""
    return node.tag is not etree.PI or _is_clean_name(node.target)


@lru_cache(maxsize=8192)
def _is_clean_name(name: str) -> bool:
    """Whether a name holds no card number, which could not be taken out of it."""
    return len(name) < SHORTEST or not clean_text(name)[1]
