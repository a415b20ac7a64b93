"""An XML element as a part to read from, names without their namespaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.reading import Notes, Part
from channel_sync.wire.scrub_text import REMOVED
from channel_sync.wire.xml_body import read_xml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from channel_sync.wire.context import Context

_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"


@dataclass(slots=True, eq=False)
class Node:
    """An element: its local name, its attributes by theirs, its own text, what lies below.

    Comments and instructions are gone, and text runs on across them.
    """

    name: str
    attributes: dict[str, str]
    text: str | None
    children: list[Node]

    def walk(self) -> Iterator[Node]:
        """This element and all below it, in the order of the document."""
        todo = [self]
        while todo:
            node = todo.pop()
            yield node
            todo += reversed(node.children)


def load_xml(body: bytes, context: Context) -> Node:
    """The root of a body.

    Raises:
        Unreadable: dtd_refused, not_utf8, not_xml, too_deep, too_many_elements,
            too_many_attributes.
    """
    return _node(read_xml(body.decode(), context.limits.depth))


def _node(element: Any) -> Node:
    """Recursive: the depth was checked before."""
    text = element.text or ""
    children: list[Node] = []
    for child in element:
        if isinstance(child.tag, str):
            children.append(_node(child))
        text += child.tail or ""
    attributes: dict[str, str] = {}
    for key, value in element.attrib.items():
        if not key.startswith(_INSTANCE):
            attributes[_local(key)] = value
    # An empty element says "", one that holds others says nothing of its own.
    own = None if children and not text.strip() else text
    return Node(_local(element.tag), attributes, own, children)


def _local(name: str) -> str:
    return name.rpartition("}")[2].rpartition(":")[2]


class XmlPart(Part):
    """An element of a tree; a key is names joined by "/", and an attribute behind "@".

    "TimeSpan@Start" is an attribute of a child, "@ID" one of its own, "Comment/Text" the text of
    the first such element, "" its own text.
    """

    __slots__ = ("node",)

    def __init__(self, node: Node, path: str = "", notes: Notes | None = None) -> None:
        super().__init__(path, notes or Notes())
        self.node = node

    def below(self, key: str) -> str:
        joint = "" if not self.path or not key or key.startswith("@") else "/"
        return f"{self.path}{joint}{key}"

    def look(self, key: str) -> Any:
        way, _, attribute = key.partition("@")
        for node in self._at(way):
            value = node.attributes.get(attribute) if attribute else node.text
            if value is not None:
                return value
        return None

    def drop(self, key: str) -> None:
        way, _, attribute = key.partition("@")
        for node in self._at(way):
            if attribute and attribute in node.attributes:
                del node.attributes[attribute]
                return
            if not attribute and node.text is not None:
                node.text = None
                return

    def parts(self, key: str) -> list[XmlPart]:
        path = self.below(key)
        return [XmlPart(node, path, self.notes) for node in self._at(key)]

    def rest(self) -> Any:
        return _rest(self.node)

    def _at(self, way: str) -> list[Node]:
        nodes = [self.node]
        for step in way.split("/") if way else ():
            nodes = [child for node in nodes for child in node.children if child.name == step]
        return nodes


def _rest(node: Node) -> Any:
    """What is left of an element: text alone as text, else an object; repeated names as a list.

    What scrubbing took out is not there.
    """
    kept: dict[str, Any] = {
        f"@{key}": said for key, value in node.attributes.items() if (said := _left(value))
    }
    for child in node.children:
        if (below := _rest(child)) is None:
            continue
        held = kept.get(child.name)
        if held is None:
            kept[child.name] = below
        elif isinstance(held, list):
            held.append(below)
        else:
            kept[child.name] = [held, below]
    text = _left(node.text or "")
    if not kept:
        return text or None
    if text:
        kept["text"] = text
    return kept


def _left(value: str) -> str:
    said = value.strip()
    return "" if said.startswith(REMOVED) else said


def parts_of(nodes: Sequence[Node]) -> list[XmlPart]:
    """Each element as a part of its own, with notes of its own."""
    return [XmlPart(node, node.name) for node in nodes]


def refuse_empty(detail: str) -> Unreadable:
    """A body that is well-formed and holds no reservation, as what it is."""
    return Unreadable(UnreadableReason.NO_RESERVATION, detail)
