"""An EBYTE modem, gateways of ChirpStack, firmware in fragments: nothing but documented errors, no growth."""

from tests.fuzz.script import Script, chunked

from chargelink.lora_radio import chirpstack, ebyte
from chargelink.lora_radio.radio import Transmission, UnreachableError
from chargelink.lora_socket.firmware import FirmwareSetup
from chargelink.lora_socket.fragments import Assembly, Fragments, fragment_count
from chargelink.wire import DecodeError

EUI = bytes.fromhex("a84041ffff1e2d3c")
MESSAGES = (chirpstack.UPLINK, chirpstack.DOWNLINK, chirpstack.ACK, chirpstack.CONNECTION)
MOST_OUT = 4096  # bytes that a modem may have ready for its line
IMAGE = bytes(range(256)) * 2
UP = bytes.fromhex("0a0de060512a1100711140c04f33879a")  # phyPayload
ONLINE = b"\x10\x01" + b"\x1a\x10" + EUI.hex().encode()


def messages(data: bytes) -> None:
    """A message of gw.proto is read, from JSON so that it is written to be read the same; or DecodeError."""
    script = Script(data)
    message, marshaler = script.choose(MESSAGES), script.choose(tuple(chirpstack.Marshaler))
    try:
        values = marshaler.read(message, script.rest())
    except DecodeError:
        return
    if marshaler is chirpstack.Marshaler.JSON:
        written = marshaler.write(message, values)
        assert marshaler.write(message, marshaler.read(message, written)) == written


def message_seeds() -> list[bytes]:
    forms = [b"\x00\x00" + UP, b"\x03\x00" + ONLINE, b'\x00\x01{"phyPayload": "4GBR"}', b'\x03\x01{"state": "ONLINE"}']
    return [*forms, b'\x02\x01{"downlinkId": 7, "items": [{"status": "TOO_LATE"}]}']


def gateways(data: bytes) -> None:
    """A broker that publishes anything under any topic: packets, refusals and silence, in time."""
    script = Script(data)
    server = chirpstack.Server([EUI], script.choose(tuple(chirpstack.Marshaler)))
    topics = (*server.subscriptions, "", "gateway/other/event/up")
    now = 0.0
    while not script.ended:
        match script.number() % 4:
            case 0:
                now += script.step()
            case 1:
                server.receive(chirpstack.Publication(script.choose(topics), script.chunk()), now)
            case 2:
                _transmit(server, script, now)
            case _:
                server.disconnected()
                assert not server.reachable
        server.tick(now)
        server.data_to_send()
        assert server.deadline is None or server.deadline > now


def _transmit(server: chirpstack.Server, script: Script, now: float) -> None:
    try:
        server.transmit(EUI, Transmission(script.chunk(), 470_300_000, 8, 17), now)
    except UnreachableError:
        assert EUI not in server.reachable


def gateway_seeds() -> list[bytes]:
    said = [b"\x01" + bytes((topic,)) + chunked(body) for topic in range(4) for body in (UP, ONLINE, b"{}")]
    return [b"\x00" + one + b"\x02\x02\xe0\x40\x00\x0a\x03" for one in said]


def ebyte_modem(data: bytes) -> None:
    """An EBYTE modem whose line says anything."""
    script = Script(data)
    modem = ebyte.Modem(EUI, ebyte.Settings(471_125_000, 17))
    now = 1.0
    modem.connected(now)
    while not script.ended:
        match script.number() % 5:
            case 0:
                now += script.step()
            case 1 | 2:
                modem.receive(script.chunk(), now)
            case 3:
                try:
                    modem.transmit(Transmission(script.chunk()[:128], 470_300_000, 8, 17), now)
                except UnreachableError:
                    assert not modem.reachable
            case _:
                modem.disconnected()
                assert not modem.reachable
                modem.connected(now)
        modem.tick(now)
        assert len(modem.data_to_send()) <= MOST_OUT
        assert modem.deadline is None or modem.deadline > now or modem.deadline == 0.0


def ebyte_seeds() -> list[bytes]:
    said = [b"\x01" + chunked(ebyte.wrapped(UP) + b"\xaa"), b"\x01" + chunked(ebyte.REFUSED)]
    registers = ebyte.Settings(471_125_000, 17).registers
    ready = b"".join(
        b"\x01" + chunked(part) for part in (ebyte.CONFIGURED, ebyte.READ + registers, ebyte.IS_TRANSPARENT)
    )
    return [*said, ready, ready + said[0], ready + b"\x03\x02\xe0\x40\x00\x0a"]


def fragments(data: bytes) -> None:
    """Fragments in any order, of any image: complete only with the right ones, and never more than the image."""
    script = Script(data)
    size = script.number() % 96 + 1
    image = IMAGE[: script.number(2) % len(IMAGE) + 1]
    sent = Fragments(image, size)
    setup = FirmwareSetup(1, len(image), 2, size, fragment_count(len(image), size), 10, bytes(8))
    assembly = Assembly(setup)
    honest = True
    while not script.ended and not assembly.complete:
        index = script.number(2)
        forged = script.number() % 8 == 7
        try:
            assembly.add(index, script.chunk() if forged else sent.content(index) if 0 < index <= 0x3FFF else b"")
        except DecodeError:
            continue
        honest = honest and not forged
    assert len(assembly.missing) <= setup.count
    if not assembly.complete:
        return
    assert not assembly.missing
    assert len(assembly.image()) == len(image)
    assert assembly.image() == image or not honest


def fragment_seeds() -> list[bytes]:
    head = bytes((49,)) + (500).to_bytes(2, "big")
    straight = b"".join(index.to_bytes(2, "big") + b"\x00" for index in range(1, 14))
    parity = b"".join(index.to_bytes(2, "big") + b"\x00" for index in range(5, 40))
    return [head + straight, head + parity, head + b"\x00\x01\x07" + chunked(bytes(50)) + straight]
