from __future__ import annotations

from hashlib import sha256

import pytest

from channel_sync.core.model import Revision
from channel_sync.wire.errors import Unreadable, UnreadableReason
from channel_sync.wire.limits import XML_ATTRIBUTES, XML_ELEMENTS, Limits
from tests.wire.fixtures_of import FIXTURES, look

ROOT = '<OTA_HotelResNotifRQ xmlns="http://www.opentravel.org/OTA/2003/05">'
NEW = (FIXTURES / "opentravel" / "siteminder_new.xml").read_text()


def refused(body: str | bytes, **told: object) -> Unreadable:
    raw = body.encode() if isinstance(body, str) else body
    with pytest.raises(Unreadable) as caught:
        look(raw, limits=told.get("limits"), format="opentravel")  # type: ignore[arg-type]
    assert caught.value.scrubbed is not None
    return caught.value


@pytest.mark.parametrize(
    "head",
    [
        "<!DOCTYPE a>",
        '<!DOCTYPE a SYSTEM "http://localhost/evil.dtd">',
        '<!DOCTYPE a [<!ENTITY x "4111">]>',
        '<?xml version="1.0"?>\n<!-- kind -->\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
def test_a_document_type_is_refused_and_nothing_of_the_body_is_kept(head: str) -> None:
    """Entities may hide digits from any search, so the body goes too."""
    error = refused(f"{head}{ROOT}&x;</OTA_HotelResNotifRQ>")
    assert error.reason is UnreadableReason.DTD_REFUSED
    assert "no document type" in error.detail
    assert error.scrubbed is not None
    assert error.scrubbed.body is None
    assert error.scrubbed.length > 0


def test_the_word_doctype_in_a_text_is_no_document_type() -> None:
    body = NEW.replace("Arriving after 9 pm", "<![CDATA[<!DOCTYPE a> was in my mail]]>")
    (item,) = look(body.encode()).items
    assert isinstance(item, Revision)
    assert item.header.booking_comments == "<!DOCTYPE a> was in my mail"


def test_an_entity_that_nobody_declared_is_no_xml() -> None:
    error = refused(f"{ROOT}&amount;</OTA_HotelResNotifRQ>")
    assert error.reason is UnreadableReason.NOT_XML
    assert "line 1" in error.detail


@pytest.mark.parametrize("encoding", ["UTF-7", "UTF-16", "EBCDIC-CP-US"])
def test_an_encoding_that_may_hide_digits_is_refused(encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    error = refused(f"{head}{ROOT}+ADQAMQAxADE-</OTA_HotelResNotifRQ>")
    assert error.reason is UnreadableReason.NOT_UTF8
    assert encoding in error.detail
    assert error.scrubbed is not None
    assert error.scrubbed.body is None


def test_another_name_for_what_is_utf8_all_the_same_is_forgiven() -> None:
    body = NEW.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"')
    assert len(look(body.encode()).revisions) == 1


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "iso-8859-15", "windows-1252"])
def test_an_old_western_encoding_is_read(encoding: str) -> None:
    body = NEW.replace('encoding="UTF-8"', f'encoding="{encoding}"').replace("9 pm", "9 für Zoë")
    raw = body.encode(encoding)
    told = look(raw)
    assert told.revisions[0].header.booking_comments == "Arriving after 9 für Zoë"
    assert (told.scrubbed.length, told.scrubbed.sha256) == (len(raw), sha256(raw).hexdigest())
    assert told.scrubbed.body is not None
    (again,) = look(told.scrubbed.body).revisions  # as a parked message is tried again
    assert again == told.revisions[0]


def test_bytes_that_are_not_what_they_are_declared_to_be_are_refused() -> None:
    raw = NEW.replace("9 pm", "9 für Zoë").encode("latin-1")
    assert refused(raw).reason is UnreadableReason.NOT_UTF8


def test_nesting_has_a_limit() -> None:
    deep = f"{ROOT}{'<a>' * 40}{'</a>' * 40}</OTA_HotelResNotifRQ>"
    assert refused(deep).reason is UnreadableReason.TOO_DEEP
    deeper = f"{ROOT}{'<a>' * 5_000}{'</a>' * 5_000}</OTA_HotelResNotifRQ>"
    assert refused(deeper).reason is UnreadableReason.TOO_DEEP
    assert refused(NEW, limits=Limits(depth=5)).reason is UnreadableReason.TOO_DEEP


def test_attributes_and_elements_have_limits() -> None:
    attributes = " ".join(f'a{number}="1"' for number in range(XML_ATTRIBUTES + 1))
    error = refused(f"{ROOT}<a {attributes}/></OTA_HotelResNotifRQ>")
    assert error.reason is UnreadableReason.TOO_MANY_ATTRIBUTES
    error = refused(f"{ROOT}{'<a/>' * XML_ELEMENTS}</OTA_HotelResNotifRQ>")
    assert error.reason is UnreadableReason.TOO_MANY_ELEMENTS


@pytest.mark.parametrize("declared", ['xmlns:x="{}"', 'xmlns="{}"'])
def test_a_namespace_has_a_limit(declared: str) -> None:
    """The name of each element in it repeats it: a message of a megabyte would fill gigabytes."""
    long = declared.format("x" * 400_000)
    error = refused(f"{ROOT}<a {long}>{'<b/>' * 40_000}</a></OTA_HotelResNotifRQ>")
    assert error.reason is UnreadableReason.INVALID
    assert "namespace" in error.detail


def test_reservations_have_a_limit() -> None:
    one = NEW[NEW.index("<HotelReservation ") : NEW.index("</ReservationsList>")]
    many = NEW.replace(one, one * 3)
    error = refused(many, limits=Limits(messages=2))
    assert error.reason is UnreadableReason.TOO_MANY_MESSAGES
    assert len(look(many.encode(), limits=Limits(messages=3)).items) == 3


@pytest.mark.parametrize("cut", [40, 900, -1])
def test_a_message_cut_off_is_no_xml(cut: int) -> None:
    error = refused(NEW.rstrip()[:cut])
    assert error.reason is UnreadableReason.NOT_XML


def test_a_prefix_without_its_declaration_is_forgiven() -> None:
    """Messages come cut out of the envelope that declared it."""
    body = (FIXTURES / "opentravel" / "generic_units.xml").read_text()
    cut = body.replace(' xmlns:o="http://www.opentravel.org/OTA/2003/05"', "")
    assert cut != body
    assert look(cut.encode()).revisions == look(body.encode()).revisions


def test_prefixes_and_namespaces_make_no_difference() -> None:
    body = (FIXTURES / "opentravel" / "generic_units.xml").read_text()
    bare = body.replace("<o:", "<").replace("</o:", "</").replace("xmlns:o=", "xmlns=")
    assert look(bare.encode()).revisions == look(body.encode()).revisions
    none = bare.replace(' xmlns="http://www.opentravel.org/OTA/2003/05"', "")
    assert look(none.encode()).revisions == look(body.encode()).revisions


def test_comments_instructions_and_sections_are_no_part_of_the_text() -> None:
    body = NEW.replace("Arriving after 9 pm", "Arriving <!-- not --><?x y?><![CDATA[after 9]]> pm")
    assert look(body.encode()).revisions == look(NEW.encode()).revisions


def test_a_byte_order_mark_and_blanks_before_the_root_are_forgiven() -> None:
    body = NEW.partition("?>")[2]
    assert look(b"\xef\xbb\xbf\n " + body.encode()).revisions == look(NEW.encode()).revisions
    assert look(b"\xef\xbb\xbf\n " + NEW.encode()).revisions == look(NEW.encode()).revisions
