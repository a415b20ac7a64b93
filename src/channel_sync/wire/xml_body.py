"""XML that is safe to read: no DTD, no entity, no network, and limits on size and shape."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from lxml import etree

from channel_sync.wire import limits
from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.format import is_xml
from channel_sync.wire.scrub_text import clean_text

_PROLOG_DTD = re.compile(r"(?s)(?:\s++|<\?.*?\?>|<!--.*?-->)*+<!(?:DOCTYPE|ENTITY|doctype)")
_DECLARED = re.compile(r"<\?xml\s[^>]{0,200}?encoding\s{0,9}=\s{0,9}[\"']([\w.:-]{1,40})[\"']")
_LIKE_ASCII = re.compile(r"(?i)utf-?8|us-ascii|ascii|iso-?8859-?\d{1,2}|latin-?1|windows-125\d")
_WESTERN = re.compile(r"(?i)iso-?8859-?(?:1|15)|latin-?1|windows-1252")
_HEAD = 1_024  # bytes in which a declaration stands
_UNDECLARED_PREFIX = "NAMESPACE"
_FORGIVEN = {99, 100, 201, 202}  # odd URIs, prefixes without a declaration: no text is lost
_LOGGED = 90  # libxml2 forgets errors beyond a hundred


def as_utf8(body: bytes) -> bytes:
    """The body in UTF-8 where it is XML that declares one of the old Western encodings.

    Each of their bytes is a character, so nothing is lost; the declaration stays as it was, and
    is not heeded again.
    """
    if body.isascii() or not is_xml(body):
        return body
    declared = _DECLARED.match(body[:_HEAD].decode("latin-1").lstrip())
    if declared is None or not _WESTERN.fullmatch(declared[1]):
        return body
    try:
        body.decode()
    except UnicodeDecodeError:
        with suppress(UnicodeDecodeError):
            return body.decode(declared[1]).encode()
    return body  # UTF-8 after all, or not what it says


def read_xml(text: str, depth: int) -> Any:
    """The root element (lxml) of a document, comments and processing instructions in their places.

    A prefix that nobody declared is forgiven: real messages come cut out of their envelope.

    Raises:
        Unreadable: dtd_refused, not_utf8 (what the declaration says), not_xml, too_deep,
            too_many_elements, too_many_attributes.
    """
    text = text.removeprefix("\ufeff").lstrip()
    check_prolog(text)
    root = _parse(text)
    if root.getroottree().docinfo.doctype:
        raise _refused_dtd()
    _check_shape(root, depth)
    return root


def check_prolog(text: str) -> None:
    """What stands before the root, looked at before any parser sees it.

    Raises:
        Unreadable: dtd_refused, not_utf8.
    """
    if _PROLOG_DTD.match(text.removeprefix("\ufeff")):
        raise _refused_dtd()
    declared = _DECLARED.match(text.removeprefix("\ufeff"))
    if declared and not _LIKE_ASCII.fullmatch(declared[1]):
        # UTF-7 and its like spell digits in letters: no scrubbing could be trusted.
        raise Unreadable(
            UnreadableReason.NOT_UTF8,
            f"expected UTF-8, the XML declares {clean_text(declared[1])[0]}",
        )


def _refused_dtd() -> Unreadable:
    return Unreadable(
        UnreadableReason.DTD_REFUSED, "expected no document type: a DTD may hide or multiply text"
    )


def _parse(text: str) -> Any:
    body = text.encode()
    try:
        return etree.fromstring(body, _parser(recover=False))
    except etree.XMLSyntaxError as error:
        # All that is wrong may be prefixes without a declaration.
        parser = _parser(recover=True)
        root = etree.fromstring(body, parser)
        wrong = parser.error_log
        if (
            root is None
            or len(wrong) >= _LOGGED
            or any(
                entry.domain_name != _UNDECLARED_PREFIX or entry.type not in _FORGIVEN
                for entry in wrong
            )
        ):
            raise _not_xml(error) from None
        return root
    except ValueError:
        raise Unreadable(UnreadableReason.NOT_XML, "expected characters that XML allows") from None


def _parser(*, recover: bool) -> Any:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        strip_cdata=False,
        recover=recover,
    )


_TOO_DEEP = 114  # libxml2's own limit of nesting, 256


def _not_xml(error: Any) -> Unreadable:
    line, column = error.position
    if error.code == _TOO_DEEP:
        return Unreadable(UnreadableReason.TOO_DEEP, f"nested too deep at line {line}")
    kind = etree.ErrorTypes._getName(error.code, "")  # noqa: SLF001 - its only way to a name
    said = kind.removeprefix("ERR_").replace("_", " ").lower() or "not well-formed"
    return Unreadable(UnreadableReason.NOT_XML, f"{said} at line {line}, column {column}")


_EVENTS = ("start", "end", "comment", "pi", "start-ns")


def _check_namespace(uri: str) -> None:
    """The name of every element in a namespace repeats its URI."""
    if len(uri) > limits.NAMESPACE_CHARACTERS:
        raise Unreadable(
            UnreadableReason.INVALID,
            f"expected a namespace of at most {limits.NAMESPACE_CHARACTERS} characters, got more",
        )


def _check_shape(root: Any, depth: int) -> None:
    """Comments and instructions count as elements do: each costs as much."""
    count = 0
    level = 0
    for event, element in etree.iterwalk(root, events=_EVENTS):
        if event == "start-ns":
            _check_namespace(element[1])
            continue
        if event == "end":
            level -= 1
            continue
        count += 1
        if event != "start":
            continue
        level += 1
        if level > depth:
            raise Unreadable(
                UnreadableReason.TOO_DEEP, f"expected at most {depth} levels, got more"
            )
        if len(element.attrib) > limits.XML_ATTRIBUTES:
            raise Unreadable(
                UnreadableReason.TOO_MANY_ATTRIBUTES,
                f"expected at most {limits.XML_ATTRIBUTES} on an element, got more",
            )
    if count > limits.XML_ELEMENTS:
        raise Unreadable(
            UnreadableReason.TOO_MANY_ELEMENTS,
            f"expected at most {limits.XML_ELEMENTS} elements, got {count}",
        )
