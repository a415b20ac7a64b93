"""A schema of the operator's warns of a message that is not valid; it never refuses one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from channel_sync.batch import read_all
from channel_sync.core.model import Revision
from channel_sync.errors import ConfigurationError
from channel_sync.records import Record
from channel_sync.settings import Settings
from channel_sync.wire.errors import Unreadable
from channel_sync.wire.limits import Limits
from channel_sync.wire.xsd import Schemas, load_schemas
from channel_sync.worker.check import check
from channel_sync.worker.run import run
from tests.house.sources import ROOT
from tests.wire.fixtures_of import fixtures, look, only
from tests.wire.xml_of import xml

SHARED = ROOT.parent / "shared" / "samples" / "xsd"
OTA = "http://www.opentravel.org/OTA/2003/05"
HEAD = (
    f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{OTA}"'
    f' targetNamespace="{OTA}" elementFormDefault="qualified">'
)
# Ids have six digits, a card number has nothing but digits.
CANCEL = f"""{HEAD}
<xs:element name="OTA_CancelRQ"><xs:complexType>
  <xs:sequence>
    <xs:element name="UniqueID" maxOccurs="2"><xs:complexType>
      <xs:attribute name="Type"/>
      <xs:attribute name="ID_Context" use="required"/>
      <xs:attribute name="ID" use="required">
        <xs:simpleType><xs:restriction base="xs:string">
          <xs:pattern value="[0-9]{{6}}"/>
        </xs:restriction></xs:simpleType>
      </xs:attribute>
    </xs:complexType></xs:element>
    <xs:element name="Reason" minOccurs="0"/>
    <xs:element name="Card" minOccurs="0"><xs:complexType>
      <xs:attribute name="CardNumber" type="xs:unsignedLong"/>
    </xs:complexType></xs:element>
  </xs:sequence>
  <xs:anyAttribute processContents="skip"/>
</xs:complexType></xs:element>
</xs:schema>"""
MESSAGE = f"""<OTA_CancelRQ xmlns="{OTA}">
<UniqueID Type="14" ID_Context="ours" ID="123456"/>
</OTA_CancelRQ>"""


def message(*changes: tuple[str, str]) -> bytes:
    text = MESSAGE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text.encode()


def folder(at: Path, **files: str) -> Path:
    for name, text in files.items():
        (at / f"{name}.xsd").write_text(text)
    return at


def schemas_of(at: Path, **files: str) -> Schemas:
    schemas = load_schemas(str(folder(at, **files)))
    assert schemas is not None
    return schemas


def warnings(body: bytes, schemas: Schemas | None) -> tuple[str, ...]:
    return look(body, limits=Limits(schemas=schemas)).warnings


LACKS_CONTEXT = (' ID_Context="ours"', "")
NOT_SIX = ('ID="123456"', 'ID="Bovary-77"')
MISSING = "not valid by cancel.xsd: OTA_CancelRQ/UniqueID, line 2: an attribute is missing"
PATTERN = (
    "not valid by cancel.xsd: OTA_CancelRQ/UniqueID, line 2: a value does not have its pattern"
)


def test_without_a_folder_nothing_is_validated() -> None:
    assert load_schemas(None) is None
    assert load_schemas("") is None
    assert warnings(message(LACKS_CONTEXT), None) == ()


def test_a_valid_message_has_no_warning(tmp_path: Path) -> None:
    assert warnings(message(), schemas_of(tmp_path, cancel=CANCEL)) == ()


@pytest.mark.parametrize(("change", "warning"), [(LACKS_CONTEXT, MISSING), (NOT_SIX, PATTERN)])
def test_an_invalid_one_is_read_all_the_same_with_a_warning(
    tmp_path: Path, change: tuple[str, str], warning: str
) -> None:
    schemas = schemas_of(tmp_path, cancel=CANCEL)
    body = message(change)
    assert warnings(body, schemas) == (warning,)
    assert only(body, limits=Limits(schemas=schemas)) == only(body)


def test_no_value_is_in_a_warning(tmp_path: Path) -> None:
    odd = ("/>\n<", '/>\n<Guest Name="Bovary">Emma</Guest>\n<')
    for changes in ([NOT_SIX], [odd], [NOT_SIX, odd]):
        (warning,) = warnings(message(*changes), schemas_of(tmp_path, cancel=CANCEL))
        assert not any(value in warning for value in ("Bovary", "Emma", "77"))


def test_a_mark_of_scrubbing_is_no_fault(tmp_path: Path) -> None:
    """The number was valid; the mark in its place is not, and is not held against the sender."""
    card = ("/>\n<", '/>\n<Card CardNumber="4111111111111111"/>\n<')
    schemas = schemas_of(tmp_path, cancel=CANCEL)
    assert warnings(message(card), schemas) == ()
    assert warnings(message(card, LACKS_CONTEXT), schemas) == (MISSING,)


@pytest.mark.parametrize(
    "change",
    [
        ("OTA_CancelRQ", "OTA_CancelRS"),
        (f' xmlns="{OTA}"', ""),
        (OTA, "http://www.opentravel.org/OTA/2003/06"),
    ],
    ids=["name", "no namespace", "namespace"],
)
def test_a_root_that_no_schema_declares_is_not_judged(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    root = etree.fromstring(message(change, LACKS_CONTEXT))
    assert schemas_of(tmp_path, cancel=CANCEL).warnings(root) == ()


def test_json_is_not_judged(tmp_path: Path) -> None:
    body = (ROOT / "tests/wire/fixtures/channex/new.json").read_bytes()
    assert warnings(body, schemas_of(tmp_path, cancel=CANCEL)) == warnings(body, None)


SOAP = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'


def test_of_an_envelope_what_its_body_holds_is_judged(tmp_path: Path) -> None:
    schemas = schemas_of(tmp_path, cancel=CANCEL)

    def wrapped(inner: bytes) -> bytes:
        return f"{SOAP}<s:Header/><s:Body><!-- x -->{inner.decode()}</s:Body></s:Envelope>".encode()

    assert warnings(wrapped(message()), schemas) == ()
    assert warnings(wrapped(message(LACKS_CONTEXT)), schemas) == (MISSING,)


def test_an_empty_envelope_is_not_judged(tmp_path: Path) -> None:
    schemas = schemas_of(tmp_path, cancel=CANCEL)
    for inner in ("", "<s:Body/>"):
        assert schemas.warnings(etree.fromstring(f"{SOAP}{inner}</s:Envelope>")) == ()


LAXER = CANCEL.replace('"ID_Context" use="required"', '"ID_Context"')
STRICTER = CANCEL.replace('name="Reason" minOccurs="0"', 'name="Reason"')


def test_of_several_versions_one_that_says_valid_is_enough(tmp_path: Path) -> None:
    schemas = schemas_of(tmp_path, a=LAXER, b=CANCEL)
    assert warnings(message(), schemas) == ()
    assert warnings(message(LACKS_CONTEXT), schemas) == ()


def test_else_the_one_with_the_fewest_faults_speaks(tmp_path: Path) -> None:
    schemas = schemas_of(tmp_path, a=STRICTER, cancel=CANCEL)
    assert warnings(message(LACKS_CONTEXT), schemas) == (MISSING,)


def test_the_place_is_found_among_siblings_and_prefixes(tmp_path: Path) -> None:
    second = ("/>\n<", f'/>\n<o:UniqueID xmlns:o="{OTA}" ID="234567"/>\n<')
    (warning,) = warnings(message(second), schemas_of(tmp_path, cancel=CANCEL))
    assert warning == MISSING.replace("line 2", "line 3")


def test_a_prefix_that_nobody_declared_is_an_element_not_expected(tmp_path: Path) -> None:
    odd = ("/>\n<", '/>\n<x:Odd y:z="1"/>\n<')
    (warning,) = warnings(message(odd), schemas_of(tmp_path, cancel=CANCEL))
    assert warning.endswith("line 3: an element is missing or not expected")
    assert "Odd" in warning


@pytest.mark.parametrize(
    "path", [p for _, p in fixtures() if p.suffix == ".xml"], ids=lambda path: path.stem
)
def test_whatever_a_schema_says_every_fixture_is_read_as_before(tmp_path: Path, path: Path) -> None:
    """A schema by which each of them is wrong from the first element on."""
    body = path.read_bytes()
    names = [etree.QName(element) for element in etree.fromstring(body).iter("*")]
    wrong = [
        f'<xs:element name="{name}" type="xs:string"/>' for name in {n.localname for n in names}
    ]
    files = {
        f"s{number}": '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        + (f' targetNamespace="{space}">' if space else ">")
        + f"{''.join(wrong)}</xs:schema>"
        for number, space in enumerate({name.namespace for name in names})
    }
    schemas = schemas_of(tmp_path, **files)
    (before, old), (now, new) = read(body, None), read(body, schemas)
    assert now == before
    assert len(new) == len(old) + (before[0] != "unreadable")
    undeclared = re.sub(rb' xmlns:\w+="[^"]*"', b"", body)
    assert read(undeclared, schemas)[0] == read(undeclared, None)[0]


def read(body: bytes, schemas: Schemas | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is read, and the warnings."""
    try:
        decoded = look(body, limits=Limits(schemas=schemas))
    except Unreadable as error:
        return ("unreadable", str(error)), ()
    return tuple(map(str, decoded.items)), decoded.warnings


def test_a_message_names_no_schema_of_its_own(tmp_path: Path) -> None:
    """Its schemaLocation is a hint that nobody follows."""
    instance = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    location = f'xsi:schemaLocation="{OTA} {tmp_path}/broken.xsd"'
    hint = ("<OTA_CancelRQ ", f"<OTA_CancelRQ {instance} {location} ")
    schemas = schemas_of(tmp_path, cancel=CANCEL)
    folder(tmp_path, broken="<")
    assert warnings(message(hint), schemas) == ()


def test_a_crowd_of_siblings_is_not_judged_and_that_is_said(tmp_path: Path) -> None:
    """To tell the places of so many faults would take a minute: time is bounded, not hoped for."""
    crowd = ("/>\n<", "/>\n" + "<Odd/>" * 5_000 + "\n<")
    (warning,) = warnings(message(crowd), schemas_of(tmp_path, cancel=CANCEL))
    assert warning == "too many elements beside one another to be judged by a schema"
    few = ("/>\n<", "/>\n" + "<Odd/>" * 1_000 + "\n<")
    (warning,) = warnings(message(few), schemas_of(tmp_path, cancel=CANCEL))
    assert warning.endswith("Odd, line 3: an element is missing or not expected")


# --- The folder ------------------------------------------------------------------------------


def test_a_file_that_others_include_is_a_part_of_them(tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    folder(tmp_path / "common", types=CANCEL)
    including = f'{HEAD}<xs:include schemaLocation="common/types.xsd"/></xs:schema>'
    schemas = schemas_of(tmp_path, cancel=including)
    assert str(schemas) == "1 schemas, 1 kinds of message"
    assert warnings(message(LACKS_CONTEXT), schemas) == (MISSING,)


def test_files_that_include_one_another_are_compiled_once(tmp_path: Path) -> None:
    def including(name: str, own: str) -> str:
        return f'{HEAD}<xs:include schemaLocation="{name}.xsd"/>{own}</xs:schema>'

    schemas = schemas_of(
        tmp_path,
        a=including("b", '<xs:element name="A"/>'),
        b=including("a", '<xs:element name="B"/>'),
    )
    assert str(schemas) == "1 schemas, 2 kinds of message"


def test_a_part_without_a_namespace_takes_that_of_the_whole(tmp_path: Path) -> None:
    part = CANCEL.replace(f' targetNamespace="{OTA}"', "").replace(f' xmlns="{OTA}"', "")
    including = f'{HEAD}<xs:include schemaLocation="part.xsd"/></xs:schema>'
    schemas = schemas_of(tmp_path, cancel=including, part=part)
    assert warnings(message(LACKS_CONTEXT), schemas) == (MISSING,)


UNFIT: Mapping[str, tuple[str, str]] = {
    "not a schema": ("<a/>", "is not a schema|root element"),
    "not well-formed": ("<", "line 1"),
    "type of nobody's": (f'{HEAD}<xs:element name="A" type="Lost"/></xs:schema>', "Lost"),
    "document type": (f'<!DOCTYPE a [<!ENTITY b "c">]>{HEAD}</xs:schema>', "has a document type"),
    "not there": (f'{HEAD}<xs:include schemaLocation="b.xsd"/></xs:schema>', "needs b.xsd"),
    "outside": (f'{HEAD}<xs:include schemaLocation="../b.xsd"/></xs:schema>', "not in the folder"),
    "network": (
        f'{HEAD}<xs:import namespace="x" schemaLocation="http://a.example/b.xsd"/></xs:schema>',
        "not in the folder",
    ),
    "other name": (f'{HEAD}<xs:include schemaLocation="b.txt"/></xs:schema>', "not named"),
}


@pytest.mark.parametrize("fault", UNFIT)
def test_a_schema_that_cannot_be_compiled_is_said_in_one_line(tmp_path: Path, fault: str) -> None:
    text, why = UNFIT[fault]
    (tmp_path / "b.xsd").write_text(CANCEL)  # there, but outside
    place = tmp_path / "schemas"
    place.mkdir()
    (place / "b.txt").write_text(CANCEL)
    folder(place, odd=text)
    with pytest.raises(
        ConfigurationError, match=rf"^CHANNEL_SYNC_XSD_DIR: odd\.xsd: .*({why})"
    ) as e:
        load_schemas(str(place))
    assert "\n" not in str(e.value)


def test_a_link_to_a_file_outside_is_refused(tmp_path: Path) -> None:
    folder(tmp_path, cancel=CANCEL)
    place = tmp_path / "schemas"
    place.mkdir()
    (place / "cancel.xsd").symlink_to(tmp_path / "cancel.xsd")
    with pytest.raises(ConfigurationError, match="lies outside the folder"):
        load_schemas(str(place))


@pytest.mark.parametrize("name", ["empty", "nowhere"])
def test_a_folder_without_a_schema_is_a_mistake(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match=r"no \*\.xsd in"):
        load_schemas(str(tmp_path / name))


# --- The program -----------------------------------------------------------------------------


def settings(place: Path) -> Settings:
    """Nobody listens at these ports."""
    return Settings(
        database_url="postgresql://nobody@127.0.0.1:1/none",  # type: ignore[arg-type]
        database_connect_timeout_seconds=1,
        kafka_bootstrap="127.0.0.1:1",
        topics=("bookings",),
        xsd_dir=str(place),
        health_port=0,
    )


def test_the_worker_does_not_start_with_a_broken_schema(tmp_path: Path) -> None:
    """It says so before it waits for a database."""
    with pytest.raises(ConfigurationError, match=r"odd\.xsd"):
        asyncio.run(run(settings(folder(tmp_path, odd="<"))))


@pytest.mark.parametrize(
    ("text", "ok", "detail"),
    [
        (CANCEL, True, "1 schemas, 1 kinds of message"),
        ("<", False, "CHANNEL_SYNC_XSD_DIR: one.xsd"),
    ],
)
def test_check_says_what_the_schemas_are(tmp_path: Path, text: str, ok: bool, detail: str) -> None:
    found = asyncio.run(
        check(settings(folder(tmp_path, one=text)).model_copy(update={"topics": ()}))
    )
    (line,) = [one for one in found if one.name == "schemas"]
    assert line.ok is ok
    assert line.detail.startswith(detail)


def test_the_pipeline_is_told_the_warning(tmp_path: Path) -> None:
    record = Record(
        "bookings", 0, 0, datetime(2026, 3, 1, tzinfo=UTC), message(LACKS_CONTEXT), b"seaview"
    )
    (read,) = read_all((record,), Limits(schemas=schemas_of(tmp_path, cancel=CANCEL)))
    assert read.warnings == (MISSING,)
    assert [type(item) for item in read.items] == [Revision]


# --- Schemas of others -----------------------------------------------------------------------

ALPINEBITS = ["2017_pull", "2018_push", "2020_modified", "2020_cancelled", "enquiry"]


@pytest.mark.parametrize("name", ALPINEBITS)
def test_alpinebits_messages_are_valid_by_what_it_publishes(name: str) -> None:
    if not list(SHARED.glob("*alpinebits*.xsd")):
        pytest.skip("no published schemas beside the project")
    schemas = load_schemas(str(SHARED))
    body = xml(f"opentravel/alpinebits_{name}")
    assert warnings(body, schemas) == warnings(body, None)


def test_and_not_with_an_attribute_of_nobodys() -> None:
    if not list(SHARED.glob("*alpinebits*.xsd")):
        pytest.skip("no published schemas beside the project")
    body = xml("opentravel/alpinebits_2020_modified", ("<RoomStay>", '<RoomStay Odd="1">'))
    (warning,) = set(warnings(body, load_schemas(str(SHARED)))) - set(warnings(body, None))
    assert "RoomStay, line 7: an attribute is not allowed" in warning
