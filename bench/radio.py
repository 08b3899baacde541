"""What loss does to the polls of e-bike sockets, how full the air is, fifty on one transmitter, what sealing costs.

In simulated time, except for sealing. Polls go unanswered where poll or answer is lost: 1 - (1 - loss)^2 of them, if
nothing else is in their way. A transmitter that polls 17 sockets at rest every 4 s is on the air for 17 polls of 14
bytes in that time; commands, beacons and polls that are repeated come on top. Sealing is compared with AES-CCM of the
same bytes by the same library, its key set up each time.
"""

from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from tests.edge.sockets.yard import Yard

from bench.measure import Measured, more, nanoseconds, slower
from bench.sockets import BUSY, HOST, IDLE, LATENCY, SOCKETS, cycle
from chargelink.edge.sockets.events import Told
from chargelink.lora_radio.airtime import airtime_us
from chargelink.lora_socket.frame import Control, Header, nonce, seal, unseal
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.messages import Status, StatusShort

MANY = 50
POLL = 14  # bytes
WATCHED = 600.0  # s
STATUS_BODY = 20  # bytes


def figures() -> Iterator[Measured]:
    """Two rows for each loss, one for many sockets, two for sealing."""
    for loss in (0.0, *LATENCY):
        yield from _polled(loss)
    yard = Yard(MANY, delay=HOST, plan=BUSY)
    yard.run(lambda: yard.all_online, 3600.0)
    yard.after(60.0)
    name = "airtime and 18 ms host"
    yield slower("radio", f"poll cycle, {MANY} at rest", cycle(yard, MANY), MANY * IDLE * 1e9, name, "<= 1.1")
    yield from _sealed()


def _polled(loss: float) -> Iterator[Measured]:
    yard = Yard(SOCKETS, seed=5, delay=HOST)
    yard.run(lambda: yard.all_online, 900.0)
    yard.after(60.0)
    yard.street.air.loss = loss
    yard.down.clear()
    told = yard.after(WATCHED)
    polls = sum(Header.decode(frame).kind == Kind.POLL for frame in yard.down)
    answered = sum(isinstance(one, Told) and isinstance(one.received.body, Status | StatusShort) for one in told)
    said = f"{loss:.0%} loss"
    expected = polls * (1 - (1 - loss) ** 2)
    if expected:
        name = f"lost polls and answers, of {polls} polls"
        yield more("radio", f"unanswered, {said}", "polls", polls - answered, expected, name)
    on_air = sum(airtime_us(len(frame), yard.plan.spreading_factor) for frame in yard.down) / WATCHED * 3600 / 1000
    least = SOCKETS * airtime_us(POLL, yard.plan.spreading_factor) / yard.plan.cycle * 3600 / 1000
    yield more("radio", f"sent by the edge, {said}", "ms/h", on_air, least, "polls of a calm site alone")


def _sealed() -> Iterator[Measured]:
    key, header = bytes(range(16)), Header(Control(0), 0x2A51, 0x0011, 313, Kind.STATUS)
    frame = seal(key, header, 313, 7, bytes(STATUS_BODY))
    ls1 = {"seal": seal, "unseal": unseal, "key": key, "header": header, "body": bytes(STATUS_BODY), "frame": frame}
    bare = {"AESCCM": AESCCM, "number": nonce(False, 0x2A51, 0x0011, 313, 7), "clear": frame[:9], "sealed": frame[9:]}
    ours, opened, reference, decrypted = nanoseconds(
        ("seal(key, header, 313, 7, body)", ls1),
        ("unseal(key, header, 313, 7, frame)", ls1),
        ("AESCCM(key, tag_length=4).encrypt(number, body, clear)", ls1 | bare),
        ("AESCCM(key, tag_length=4).decrypt(number, sealed, clear)", ls1 | bare),
    )
    yield slower("radio", "seal a STATUS", ours, reference, "AES-CCM of cryptography")
    yield slower("radio", "open a STATUS", opened, decrypted, "AES-CCM of cryptography")
