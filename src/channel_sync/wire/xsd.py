"""Schemas that an operator laid in a folder, and what they say of a message: a warning at most."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lxml import etree

from channel_sync.errors import ConfigurationError
from channel_sync.wire.limits import CODE_CHARACTERS
from channel_sync.wire.luhn import CARD_REMOVED
from channel_sync.wire.scrub_text import REMOVED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SETTING = "CHANNEL_SYNC_XSD_DIR"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_OTHERS = (f"{_XS}include", f"{_XS}redefine", f"{_XS}import")
_LOOKED_AT = 30  # faults of one message; finding the place of each costs a walk
_STEPS = 20_000_000  # a third of a second if every element is at fault
_OUT_OF_RANGE = "a value is out of range"
_NOT_ALLOWED = "an attribute is not allowed"
_WORDS = {
    "ELEMENT_CONTENT": "an element is missing or not expected",
    "CVC_COMPLEX_TYPE_2_1": "content where none is allowed",
    "CVC_COMPLEX_TYPE_2_2": "an element where only text is allowed",
    "CVC_COMPLEX_TYPE_2_3": "text where only elements are allowed",
    "CVC_COMPLEX_TYPE_3_2_1": _NOT_ALLOWED,
    "CVC_COMPLEX_TYPE_3_2_2": _NOT_ALLOWED,
    "CVC_COMPLEX_TYPE_4": "an attribute is missing",
    "CVC_DATATYPE_VALID_1_2_1": "a value is not of its type",
    "CVC_DATATYPE_VALID_1_2_2": "a value is not of its type",
    "CVC_DATATYPE_VALID_1_2_3": "a value is not of its type",
    "CVC_PATTERN_VALID": "a value does not have its pattern",
    "CVC_ENUMERATION_VALID": "a value is none of those listed",
    "CVC_LENGTH_VALID": "a value is not of its length",
    "CVC_MINLENGTH_VALID": "a value is too short",
    "CVC_MAXLENGTH_VALID": "a value is too long",
    "CVC_MININCLUSIVE_VALID": _OUT_OF_RANGE,
    "CVC_MAXINCLUSIVE_VALID": _OUT_OF_RANGE,
    "CVC_MINEXCLUSIVE_VALID": _OUT_OF_RANGE,
    "CVC_MAXEXCLUSIVE_VALID": _OUT_OF_RANGE,
    "CVC_IDC": "a key is not unique, or refers to nothing",
}
"""libxml2's own messages quote values, so they are never shown: only the kind of a fault is."""


@dataclass(frozen=True, slots=True)
class _Schema:
    """One compiled schema (lxml) and the name of its file."""

    name: str
    judge: Any


@dataclass(frozen=True, slots=True)
class _Verdict:
    """How many faults one schema finds, and the first in words; none where it says valid."""

    faults: int
    first: str


class Schemas:
    """Compiled schemas by the global elements that they declare; safe to share among threads."""

    def __init__(self, by_root: Mapping[str, Sequence[_Schema]], count: int) -> None:
        self._by_root = by_root
        self._count = count
        self._lock = threading.Lock()  # a validator keeps its faults in itself

    def __str__(self) -> str:
        return f"{self._count} schemas, {len(self._by_root)} kinds of message"

    def warnings(self, root: Any) -> tuple[str, ...]:
        """What is wrong with a message, by the schema that finds the least: one line, or none.

        `root` is the message's root element (lxml), after scrubbing. Of a SOAP envelope the first
        child of the body is judged. One schema that says valid is enough; a root that no schema
        declares is not judged. The line names elements, a line number and a kind of fault, never
        a value. What scrubbing put into a message is not held against it.
        """
        subject = _subject(root)
        schemas = () if subject is None else self._by_root.get(subject.tag, ())
        if schemas and _steps(subject) > _STEPS:
            return ("too many elements beside one another to be judged by a schema",)
        nearest: tuple[int, str] | None = None
        for schema in schemas:
            with self._lock:
                verdict = _judge(schema, subject)
            if verdict is None:
                return ()
            if nearest is None or verdict.faults < nearest[0]:
                nearest = (verdict.faults, f"not valid by {schema.name}: {verdict.first}")
        return (nearest[1],) if nearest else ()


def load_schemas(folder: str | None) -> Schemas | None:
    """Compiles the schemas of a folder and of those below it; None where no folder is named.

    A file that others include or import is compiled as a part of them. Nothing outside the folder
    is read, and no schema may have a document type.

    Raises:
        ConfigurationError: there is none, or one cannot be compiled; in one line.
    """
    if not folder:
        return None
    place = Path(folder).resolve()
    files = {path: _read(path, place) for path in sorted({f.resolve() for f in _found(place)})}
    if not files:
        raise ConfigurationError(f"{_SETTING}: no *.xsd in {folder}")
    by_root: dict[str, list[_Schema]] = {}
    parts = {other for path, file in files.items() for other, _ in file.others if other != path}
    done: set[Path] = set()
    count = 0
    # Files that are part of no other come first; what is left then are circles.
    for path in sorted(files, key=lambda path: (path in parts, path)):
        if path in done:
            continue
        roots = list(_declared(path, files, files[path].namespace, done))
        schema = _Schema(path.name, _compile(path, files[path].tree))
        count += 1
        for name in dict.fromkeys(roots):
            by_root.setdefault(name, []).append(schema)
    return Schemas(by_root, count)


@dataclass(frozen=True, slots=True)
class _File:
    """A schema's file: its global elements, and the files it needs with whether as an import."""

    tree: Any
    namespace: str
    elements: tuple[str, ...]
    others: tuple[tuple[Path, bool], ...]


def _found(place: Path) -> list[Path]:
    try:
        return list(place.rglob("*.xsd"))
    except OSError as error:
        raise ConfigurationError(f"{_SETTING}: {error.strerror}") from error


def _read(path: Path, place: Path) -> _File:
    if not path.is_relative_to(place):
        raise _unfit(path, "lies outside the folder")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        tree = etree.parse(str(path), parser)
    except (etree.XMLSyntaxError, OSError) as error:
        raise _unfit(path, error) from None
    if tree.docinfo.doctype:
        raise _unfit(path, "has a document type")
    root = tree.getroot()
    elements = tuple(name for e in root.iterchildren(f"{_XS}element") if (name := e.get("name")))
    others = []
    for one in root.iterchildren(*_OTHERS):
        said = one.get("schemaLocation")
        if said is None:
            continue
        other = (path.parent / unquote(said)).resolve()
        if "://" in said or not other.is_relative_to(place) or not other.is_file():
            raise _unfit(path, f"needs {said}, which is not in the folder")
        if other.suffix != ".xsd":
            raise _unfit(path, f"needs {said}, which is not named *.xsd")
        others.append((other, one.tag == f"{_XS}import"))
    return _File(tree, root.get("targetNamespace", ""), elements, tuple(others))


def _declared(
    path: Path, files: Mapping[Path, _File], namespace: str, done: set[Path]
) -> Iterator[str]:
    """The global elements of a file and of all that it needs, as lxml writes names."""
    todo, seen = [(path, namespace)], {path}
    while todo:
        at, inherited = todo.pop()
        file = files[at]
        own = file.namespace or inherited
        yield from (f"{{{own}}}{name}" if own else name for name in file.elements)
        new = [(other, "" if alone else own) for other, alone in file.others if other not in seen]
        seen |= {other for other, _ in new}
        todo += new
    done |= seen


def _compile(path: Path, tree: Any) -> Any:
    try:
        return etree.XMLSchema(tree)
    except etree.XMLSchemaParseError as error:
        raise _unfit(path, error) from None


def _unfit(path: Path, reason: object) -> ConfigurationError:
    return ConfigurationError(f"{_SETTING}: {path.name}: {' '.join(str(reason).split())}")


def _subject(root: Any) -> Any:
    """The element that a schema is for: of an envelope what its body holds, or None."""
    if _local(root) != "Envelope":
        return root
    body = next((child for child in root.iterchildren("*") if _local(child) == "Body"), None)
    return None if body is None else next(body.iterchildren("*"), None)


def _local(element: Any) -> str:
    """A name without its namespace, nor the prefix that nobody declared."""
    name: str = element.tag
    return name.rpartition("}")[2].rpartition(":")[2]


def _steps(element: Any, above: int = 0) -> int:
    """What it costs to tell the places of all elements below: of each its siblings are counted,
    and those of all above it. The depth was checked before.
    """
    here = above + len(element)
    return sum(here + _steps(child, here) for child in element)


def _judge(schema: _Schema, subject: Any) -> _Verdict | None:
    try:
        if schema.judge.validate(subject):
            return None
    except etree.XMLSchemaValidateError:  # libxml2's own failure is not to cost a booking
        return _Verdict(_LOOKED_AT, "it could not be judged")
    log = schema.judge.error_log
    for entry in islice(log, _LOOKED_AT):
        way = _way(subject, entry.path or "")
        if _is_scrubbed(way[-1]):
            continue
        names = "/".join(_local(node)[:CODE_CHARACTERS] for node in way)
        kind = entry.type_name.removeprefix("SCHEMAV_")
        words = _WORDS.get(kind, kind.lower().replace("_", " "))
        return _Verdict(len(log), f"{names}, line {way[-1].sourceline}: {words}")
    return None


def _way(subject: Any, path: str) -> list[Any]:
    """The elements from the subject to a place that libxml2 gives as `/*/*[2]/ota:Total`."""
    way = [subject]
    for step in path.split("/")[2:]:
        name, _, place = step.removesuffix("]").partition("[")
        children = (
            child for child in way[-1].iterchildren("*") if name == "*" or _spelled(child) == name
        )
        index = int(place) - 1 if place.isdigit() else 0
        child = next(islice(children, index, None), None)
        if child is None:
            break
        way.append(child)
    return way


def _spelled(element: Any) -> str:
    name: str = element.tag.rpartition("}")[2]
    return f"{element.prefix}:{name}" if element.prefix else name


def _is_scrubbed(element: Any) -> bool:
    said = (element.text or "", *element.attrib.values())
    return any(mark in value for value in said for mark in (REMOVED, CARD_REMOVED))
