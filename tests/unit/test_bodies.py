from __future__ import annotations

import pytest

from channel_sync.cli.bodies import split

A, B = b'{"a": 100.10, "t": "\xc3\xa9 ]"}', b'{"b": [1, {"c": "}"}]}'


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (A, [A]),
        (b"[" + A + b" , " + B + b"]", [A, B]),
        (b"\n [\n" + A + b"\n]\n", [A]),
        (b"[]", []),
        (A + b"\n" + B + b"\n", [A, B]),
        (A + b"\r\n\r\n" + B, [A, B]),
        (A + B, [A, B]),
        (A + b"\n{broken\n" + B, [A, b"{broken", B]),
        (b"{broken", [b"{broken"]),
        (b"[1, 2", [b"[1, 2"]),
        (b"<a>\n</a>", [b"<a>\n</a>"]),
        (b"", [b""]),
        (b"\xff\xfe", [b"\xff\xfe"]),
    ],
)
def test_a_file_is_split_into_its_messages_as_they_stand(body: bytes, found: list[bytes]) -> None:
    assert split(body) == found


def test_a_byte_order_mark_is_no_part_of_a_message() -> None:
    assert split(b"\xef\xbb\xbf" + A) == [A]
