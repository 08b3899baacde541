"""What the generated codecs promise, for the vocabulary and for every message that chargelink declares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.declared import EVERYTHING, Blob, Cells, Colour, Flags, Mixed, Numbers, Temperatures

from chargelink.gbt27930.catalogue import by_class
from chargelink.gbt27930.charging import BCL, CCS
from chargelink.gbt27930.handshake import BRM
from chargelink.wire import DecodeError, EncodeError, Flaw, Message, Why
from chargelink.wire import message as message_module
from chargelink.wire.layout import layout

DECLARED = [*EVERYTHING, *by_class()]

VALUES = [
    (Numbers(200, -300_000, None, 7, Colour.GREEN, -40, -320), "c8 e8 03 ff ff ff 07 00 00 00 02 d8 e0 ff"),
    (Numbers(0, 100_000, 0x030201, None, None, 85, 0), "00 88 13 01 02 03 ff ff ff ff ff 55 00 00"),
    (Flags(2, Colour.RED, 3330, 2), "db ff 4d 11 ff ff"),
    (Flags(0, Colour.GREEN, None, 16, 1, Colour.RED), "e3 ff ff ff ff f5"),
    (
        Mixed("AB \0", b"\1\2\3", 23, 2026, Flags(1, Colour.RED, 10, 1)),
        "41 42 20 00 01 02 03 23 26 20 d7 ff 01 00 ff ff",
    ),
    (
        Mixed(None, b"\0\0\0", None, None, Flags(1, Colour.RED, 10, 1)),
        "ff ff ff ff 00 00 00 ff ff ff d7 ff 01 00 ff ff",
    ),
    (Cells(2, (Flags(2, Colour.RED, 3330, 2), Flags(0, Colour.RED, 0, 1))), "02 db ff 4d 11 ff ff d3 ff 00 00 ff ff"),
    (Temperatures((-500, 2000, None)), "00 fa ff"),
    (Blob(1, b"xyz"), "01 78 79 7a"),
]


@pytest.mark.parametrize(("message", "wire"), VALUES, ids=lambda value: type(value).__name__)
def test_both_ways(message: Message, wire: str) -> None:
    raw = bytes.fromhex(wire)
    assert message.encode() == raw
    assert type(message).decode(raw) == message
    assert type(message).decode(memoryview(raw)) == message


@pytest.mark.parametrize("cls", DECLARED, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_any_bytes_decode_or_raise_the_documented_error(cls: type[Message], data: st.DataObject) -> None:
    raw = data.draw(st.binary(max_size=layout(cls).length + 13))
    try:
        message = cls.decode(raw)
    except DecodeError:
        assert len(raw) < layout(cls).shortest
        return
    assert len(raw) >= layout(cls).shortest
    if not any(flaw.why in (Why.NOT_BCD, Why.TORN, Why.TOO_MANY) for flaw in message.flaws):
        assert cls.decode(message.encode(checked=False)) == message
    if not message.flaws:
        assert message.encode() == message.encode(checked=False)


FLAWED = [
    (Numbers, "c9 e7 03 ff ff ff ff ff ff ff 09 d7 00 00", [Why.ABOVE, Why.BELOW, Why.UNKNOWN_CODE, Why.BELOW]),
    (Flags, "ff ff 61 19 ff ff", [Why.ABOVE, Why.UNKNOWN_CODE, Why.ABOVE]),
    (Mixed, "ff ff ff ff 00 00 00 24 2a 20 ff ff 01 00 ff ff", [Why.ABOVE, Why.NOT_BCD, Why.ABOVE, Why.UNKNOWN_CODE]),
    (Cells, "02 db ff 4d 11 ff ff df ff 00 00 ff ff 00", [Why.ABOVE, Why.TORN]),
    (Temperatures, "fb 00 00 00 00 00 00 00 00 00", [Why.ABOVE, Why.TOO_MANY]),
]


@pytest.mark.parametrize(("cls", "wire", "why"), FLAWED, ids=lambda value: getattr(value, "__name__", None))
def test_what_makes_no_sense_is_marked_and_kept(cls: type[Message], wire: str, why: list[Why]) -> None:
    assert [flaw.why for flaw in cls.decode(bytes.fromhex(wire)).flaws] == why


def test_a_flaw_names_the_field_and_the_raw_value() -> None:
    assert Cells.decode(bytes.fromhex("01 d3 ff 60 09 ff ff")).flaws == ()
    assert Cells.decode(bytes.fromhex("01 d3 ff 61 09 ff ff")).flaws == (Flaw("cells[0].cell_V", 0x961, Why.ABOVE),)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (BCL(426_150, -20_000, 2), "steps of 100"),
        (BCL(426_100, 20_000, 2), "-400000 to 0 mA"),
        (BCL(426_100, -20_000, 7), "CONSTANT_VOLTAGE (1)"),
        (BCL("x", 2, 3), "BCL"),  # type: ignore[arg-type]
        (BCL(426_100.0, -20_000, 2), "BCL"),  # type: ignore[arg-type]
        (BCL(None, -20_000, 2), "BCL"),  # type: ignore[arg-type]
        (Numbers(0, 0, 0xFFFFFF, 0, None, 0, 0), "wide"),
        (Mixed("ABC", b"\1\2\3", 1, 1, Flags(1, 1, 10, 1)), "exactly 4 characters"),
        (Mixed("ABCD", b"\1\2", 1, 1, Flags(1, 1, 10, 1)), "exactly 3 bytes"),
        (Mixed("ABC€", b"\1\2\3", 1, 1, Flags(1, 1, 10, 1)), "Mixed"),
        (Mixed("ABCD", b"\1\2\3", 100, 1, Flags(1, 1, 10, 1)), "Mixed"),
        (Mixed("ABCD", b"\1\2\3", 1, 1, BCL(0, 0, 1)), "Flags"),  # type: ignore[arg-type]
        (Temperatures((0,) * 9), "at most 8"),
        (Temperatures((2010,)), "200"),
    ],
)
def test_what_cannot_travel_is_refused(message: Message, words: str) -> None:
    with pytest.raises(EncodeError) as refusal:
        message.encode()
    assert words in str(refusal.value)


def test_a_simulator_may_send_what_is_out_of_range() -> None:
    assert BCL.decode(BCL(426_100, 20_000, 7).encode(checked=False)).flaws != ()


class TestLengths:
    """Fields may be missing at the end; what is longer is read and the rest ignored."""

    @pytest.mark.parametrize("size", [8, 12, 16, 17, 19, 22, 24, 41, 49])
    def test_brm_is_read_at_every_length_at_which_a_field_ends(self, size: int) -> None:
        full = bytes(range(1, 50))
        message = BRM.decode(full[:size])
        known = [field for field in layout(BRM).fields if field.end <= size * 8]
        assert all(getattr(message, field.name) is not None for field in known)
        assert all(getattr(message, field.name) is None for field in layout(BRM).fields[len(known) :])

    def test_a_field_cut_in_two_is_marked(self) -> None:
        assert Flaw("vin", 0, Why.TORN) in BRM.decode(bytes(range(1, 39))).flaws

    def test_longer_data(self) -> None:
        assert BCL.decode(bytes.fromhex("A510D80E02FFFFFF")) == BCL.decode(bytes.fromhex("A510D80E02"))

    def test_cut_for_an_older_edition(self) -> None:
        assert CCS(327_600, 0, 0).encode(6).hex() == "cc0ca00f0000"
        assert CCS(327_600, 0, 0, 1).encode().hex() == "cc0ca00f0000fd"

    @pytest.mark.parametrize(("message", "length"), [(CCS(0, 0, 0, 1), 6), (CCS(0, 0, 0), 5), (CCS(0, 0, 0), 8)])
    def test_a_cut_never_loses_a_value(self, message: Message, length: int) -> None:
        with pytest.raises(EncodeError):
            message.encode(length)


class TestCompiling:
    """A codec is generated on first use and once."""

    def test_a_reference_taken_before_the_first_use_compiles_nothing_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Fresh(Blob, frozen=True):
            pass

        early = {1: Fresh.decode}
        assert Fresh not in message_module._codecs
        early[1](b"\1")
        compiled = message_module._codecs[Fresh]
        monkeypatch.setattr("chargelink.wire.generate.generate", lambda cls: pytest.fail("compiled again"))
        early[1](b"\1")
        Fresh.decode(b"\1")
        Fresh(1, b"").encode()
        assert message_module._codecs[Fresh] is compiled
        assert Fresh.decode is compiled.decode

    def test_nothing_is_compiled_at_import(self) -> None:
        import subprocess
        import sys

        code = "import chargelink.gbt27930.listener, chargelink.wire.message as m; raise SystemExit(len(m._codecs))"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

    def test_the_source_can_be_read(self) -> None:
        source = BCL.source()
        assert "def decode_BCL(data):" in source
        assert "c0 > 15000 or c2 > 4000" in source
