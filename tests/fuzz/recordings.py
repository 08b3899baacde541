"""Recordings: whatever a file holds, it becomes frames and remarks, or reports that people and programs can read."""

import gzip
import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from itertools import pairwise
from math import isfinite

import can
import msgspec
from tests.fuzz.dlt645 import CATALOGUES
from tests.fuzz.lora_radio import invented, invented_seed
from tests.fuzz.lora_socket import GROUP, sealed, usually_sealed
from tests.fuzz.script import Script
from tests.fuzz.seeds import can_frames, gateway_datagrams, gateway_documents, meter_bytes, rows
from tests.lora_socket.worked import ADDRESS, BODIES, DEVICE_KEY, EUI, KEYS, NET

from chargelink.cli.language import Language, speak
from chargelink.gbt27930.catalogue import Edition
from chargelink.lora_socket.kinds import RULES
from chargelink.lora_socket.listener import Listener
from chargelink.trace import gwmp
from chargelink.trace.can_log import CanLog, Unreadable
from chargelink.trace.can_log.frame import IDENTIFIER_BITS, longest_data
from chargelink.trace.dlt645 import command as dlt645
from chargelink.trace.gbt27930 import command as gbt27930
from chargelink.trace.ls1 import command as ls1
from chargelink.trace.ls1.key_file import load
from chargelink.trace.ls1.reports import report
from chargelink.trace.report import Listing, Report
from chargelink.trace.source import CannotRead, Source

FORMS = (None, "candump", "csv", "asc", "blf", "trc")
EDITIONS = (None, *Edition)
SECRETS = ("000102030405060708090a0b0c0d0e0f", "f0e0d0c0b0a090807060504030201000")
INVENTED = b"\xff"  # before the script of a JSON document; no recording begins so


@cache
def _file() -> int:
    """A file in memory; it is written anew for every recording."""
    return os.memfd_create("recording")


def recorded(data: bytes) -> Source:
    """The bytes as a recording."""
    os.ftruncate(_file(), 0)
    os.pwrite(_file(), data, 0)
    return Source(f"/proc/self/fd/{_file()}", progress=False)


def can_log(data: bytes) -> None:
    """A recording of any format, or of none, gives sound frames and remarks in order, or CannotRead."""
    script = Script(data)
    form = script.choose(FORMS)
    try:
        with recorded(script.rest()) as source:
            batches = list(CanLog(source, form))
    except CannotRead:
        return
    remarks = [batch for batch in batches if isinstance(batch, Unreadable)]
    for frame in (frame for batch in batches if isinstance(batch, list) for frame in batch):
        assert 0 <= frame.identifier <= IDENTIFIER_BITS
        assert len(frame.data) <= longest_data(frame.kind)
        assert frame.time is None or isfinite(frame.time)
    assert all(before.line <= after.line or not after.line for before, after in pairwise(remarks))


def can_log_seeds() -> list[bytes]:
    vectors = [frame for row in rows("gbt27930") for frame in can_frames(row)][:40]
    candump = [f"({at / 4:.6f}) can0 {number:08X}#{raw.hex().upper()}" for at, (number, raw) in enumerate(vectors)]
    shown = [
        f" (000.{at:06}) can0 {number:08X} [{len(raw)}] {raw.hex(' ')}" for at, (number, raw) in enumerate(vectors)
    ]
    table = [
        f"{at},0x{number:08x},00:00:0{at % 9}.{at},扩展帧,{len(raw)},{raw.hex(' ')}"
        for at, (number, raw) in enumerate(vectors)
    ]
    asc = [f"{at / 4:.6f} 1  {number:X}x Rx d {len(raw)} {raw.hex(' ')}" for at, (number, raw) in enumerate(vectors)]
    trc = [
        f"{at + 1:7} {at * 4.5:9.1f} Rx {number:08X} {len(raw)} {raw.hex(' ')}"
        for at, (number, raw) in enumerate(vectors)
    ]
    heads = {
        "candump": [],
        "csv": ["序号,帧ID,时间标识,帧格式,长度,数据(Hex)"],
        "asc": ["date Mon Jan 1 10:00:00 2024", "base hex  timestamps absolute"],
        "trc": [";$FILEVERSION=1.1", ";$STARTTIME=43008.5"],
    }
    bodies = {"candump": candump, "csv": table, "asc": asc, "trc": trc}
    texts = ["\n".join([*heads[form], *body]) for form, body in bodies.items()] + ["\n".join(shown)]
    packed = [b"\x00" + gzip.compress(texts[0].encode(), mtime=0), b"\x00" + texts[1].encode("utf-16")]
    return [b"\x00" + text.encode() for text in texts] + [
        b"\x00" + texts[1].encode("gb18030"),
        b"\x04" + _blf(),
        *packed,
    ]


def _blf() -> bytes:
    file = io.BytesIO()
    writer = can.BLFWriter(file)
    for at, (number, raw) in enumerate(can_frames(rows("gbt27930")[3])):
        writer.on_message_received(can.Message(timestamp=1.7e9 + at, arbitration_id=number, data=raw))
    file.close = lambda: None  # type: ignore[method-assign]
    writer.stop()
    return file.getvalue()


def judged(reports: Iterable[Report]) -> None:
    """Every report is one line for people, in either language, and one JSON object for programs."""
    listing = Listing(None, coloured=False)
    try:
        for told in reports:
            for language in Language:
                speak(language)
                rows = listing.rows(told.line(), told.conforming)
                assert rows.endswith("\n")
                assert rows.count("\n") == 1 + rows.startswith("# ")
            encoded = told.json()
            assert b"\n" not in encoded
            assert isinstance(msgspec.json.decode(encoded), dict)
    finally:
        speak(Language.ENGLISH)


def _reports(data: bytes, read: Callable[[Source], Iterator[Report]]) -> None:
    with suppress(CannotRead), recorded(data) as source:
        judged(read(source))


def decode_gbt27930(data: bytes) -> None:
    """`chargelink decode gbt27930` of any file."""
    script = Script(data)
    edition, transport = script.choose(EDITIONS), script.number() & 1 == 1
    _reports(script.rest(), lambda source: gbt27930.reports(CanLog(source), edition, transport=transport))


def decode_gbt27930_seeds() -> list[bytes]:
    lines = [[f"{number:08X}#{raw.hex().upper()}" for number, raw in can_frames(row)] for row in rows("gbt27930")]
    timed = [f"({at}.25) can0 {line}" for at, line in enumerate(line for group in lines for line in group)]
    texts = ["\n".join(group) for group in lines] + ["\n".join(timed[at : at + 60]) for at in range(0, len(timed), 60)]
    return [b"\x00\x01" + text.encode() for text in texts]


def decode_dlt645(data: bytes) -> None:
    """`chargelink decode dlt645` of any file, as text and as the bytes of a line."""
    script = Script(data)
    catalogue, raw = script.choose(CATALOGUES), script.number() & 1 == 1
    read = dlt645.reports_of_capture if raw else dlt645.reports_of_lines
    _reports(script.rest(), lambda source: read(source, catalogue))


def decode_dlt645_seeds() -> list[bytes]:
    raws = meter_bytes()
    log = "\n".join(f"2024-05-20 13:45:{at % 60:02}.123 RX: {raw.hex(' ')}" for at, raw in enumerate(raws[:30]))
    texts = [b"\x00\x00" + raw.hex(" ").upper().encode() for raw in raws]
    return [*texts, b"\x00\x00" + log.encode(), *(b"\x00\x01" + raw for raw in raws), b"\x00\x01" + b"".join(raws)]


def _listener() -> Listener:
    listener = Listener()
    listener.add_session(NET, ADDRESS, KEYS)
    listener.add_group(NET, GROUP.key)
    listener.add_device(EUI, DEVICE_KEY)
    return listener


def decode_ls1(data: bytes) -> None:
    """`chargelink decode ls1` of any file, and of packets with a right tag and any content."""
    script = Script(data)
    if script.number() & 1 == 0:
        _reports(script.rest(), lambda source: ls1.reports(source, _listener()))
        return
    listener = _listener()
    while not script.ended:
        judged([report(listener, sealed(script, -1), 0.0)])


def decode_ls1_seeds() -> list[bytes]:
    contents = [b"\x01" + usually_sealed(number, BODIES[rule.kind].encode()) for number, rule in enumerate(RULES)]
    texts = [b"\x00" + sealed(Script(content[1:]), -1).hex().encode() for content in contents]
    return [*contents, *texts, *(b"\x00" + document for document in gateway_documents())]


def key_file(data: bytes) -> None:
    """The key file of `chargelink decode ls1`: keys, or CannotRead that shows none of it."""
    said = ""
    try:
        with recorded(data) as source:
            load(source.name, Listener())
    except CannotRead as error:
        said = str(error)
    assert not any(key in said for key in SECRETS)


def key_file_seeds() -> list[bytes]:
    site = f'[[site]]\nnet = 0x2A51\ngroup_key = "{SECRETS[0]}"\n'
    joined = f'[[socket]]\nnet = 1\naddress = 17\njoin_nonce = 3\nup = "{SECRETS[0]}"\ndown = "{SECRETS[1]}"\n'
    joins = '[[socket]]\neui = "a84041f4b1c2d3e4"\nnet = 1\naddress = 2\ndev_nonce = 7\njoin_nonce = 50010\n'
    texts = [f'master = "{SECRETS[0]}"\n', site, joined, joins]
    return ["".join(texts).encode(), *(text.encode() for text in texts)]


def decode_gwmp(data: bytes) -> None:
    """`chargelink decode gwmp` of any file, and of JSON of any shape."""
    _reports(invented(data[1:]) if data.startswith(INVENTED) else data, gwmp.reports)


def decode_gwmp_seeds() -> list[bytes]:
    lines = [*gateway_documents(), *(raw.hex().encode() for raw in gateway_datagrams())]
    return [*lines, INVENTED + invented_seed(), b"\n".join(lines)]
