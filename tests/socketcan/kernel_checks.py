"""The kernel's J1939 stack as a judge of our transport: another implementation, by other people, of J1939-21."""

import select
import socket
import time
from collections.abc import Callable
from contextlib import closing

from tests.socketcan.port_checks import raw_socket

from chargelink.can_frame import EXTENDED_IDENTIFIER, FRAME_SIZE, pack_frame, unpack_frame
from chargelink.gbt27930.identifier import BMS, CHARGER
from chargelink.gbt27930.transport import Aborted, Event, Frame, Received, Receiver, Refused, Sender, Sent, TimedOut

PATIENCE = 20.0  # s
REPEATS_AFTER = 0.1  # s
BRM, BCP, BCS, BMV = 0x000200, 0x000600, 0x001100, 0x001500
MESSAGES = ((BCS, 9), (BCP, 13), (BRM, 49), (BMV, 252), (BMV, 1785))  # PGN, bytes
WINDOWS = (255, 7, 2)
ABORT, RTS, CTS, END_OF_MESSAGE = 0xFF, 0x10, 0x11, 0x13


def judge(name: str, address: int) -> socket.socket:
    """A node of the kernel's stack."""
    node = socket.socket(socket.AF_CAN, socket.SOCK_DGRAM, socket.CAN_J1939)
    node.bind((name, socket.J1939_NO_NAME, socket.J1939_NO_PGN, address))
    node.settimeout(PATIENCE)
    return node


class Shell:
    """Moves frames between a node of ours and the bus, in real time."""

    def __init__(self, name: str, node: Receiver | Sender) -> None:
        self._raw = raw_socket(name)
        self._node = node
        self.heard: list[Frame] = []
        self.sent: list[Frame] = []

    def run(self, *wanted: type[Event], lost: Callable[[Frame], bool] = lambda frame: False) -> Event:
        """Until an event of these kinds; `lost` frames reach neither side."""
        end = time.monotonic() + PATIENCE
        while (now := time.monotonic()) < end:
            events = self._node.tick(now)
            self._send(lost)
            until = end if self._node.deadline is None else min(end, self._node.deadline)
            readable, _, _ = select.select([self._raw], [], [], max(until - now, 0))
            if readable:
                carried = unpack_frame(self._raw.recv(FRAME_SIZE))
                assert carried is not None
                frame = Frame(carried[0] & EXTENDED_IDENTIFIER, carried[1])
                self.heard.append(frame)
                if not lost(frame):
                    events += self._node.receive(*frame, time.monotonic())
                    self._send(lost)
            if found := next((event for event in events if isinstance(event, wanted)), None):
                return found
        raise AssertionError(f"none of {wanted} in {PATIENCE} s; heard {self.heard}, sent {self.sent}")

    def close(self) -> None:
        self._raw.close()

    def _send(self, lost: Callable[[Frame], bool]) -> None:
        for frame in self._node.data_to_send():
            self.sent.append(frame)
            if not lost(frame):
                self._raw.send(pack_frame(*frame))


def kernel_sends_to_us(name: str) -> str:
    """From 9 to 1785 bytes, with what our CTS allows at once."""
    took = []
    for window in WINDOWS:
        for pgn, size in MESSAGES:
            with judge(name, BMS) as kernel, closing(Shell(name, Receiver(CHARGER, BMS, window=window))) as shell:
                payload = bytes(octet & 0xFF for octet in range(size))
                kernel.sendto(payload, (name, socket.J1939_NO_NAME, pgn, CHARGER))
                event = shell.run(Received)
                assert isinstance(event, Received)
                assert (event.pgn, event.payload, event.source, event.retries) == (pgn, payload, BMS, 0)
                asked = [frame.data[1] for frame in shell.sent if frame.data[0] == CTS]
                assert max(asked) <= window
                assert sum(asked) == -(-size // 7)
                if (size, window) in ((49, 255), (13, 255), (1785, 255)):
                    took.append(f"{size} bytes {event.took * 1000:.1f} ms, RTS {shell.heard[0].data.hex(' ')}")
    return f"{len(WINDOWS) * len(MESSAGES)} messages; {'; '.join(took)}"


def we_send_to_kernel(name: str) -> str:
    """The same back, with what our RTS lets it ask for at once."""
    seen = []
    for window in WINDOWS:
        for pgn, size in MESSAGES:
            sender = Sender(BMS, CHARGER, spacing=0, max_packets=window)
            with judge(name, CHARGER) as kernel, closing(Shell(name, sender)) as shell:
                payload = bytes(octet & 0xFF for octet in range(size))
                sender.send(pgn, payload, time.monotonic())
                event = shell.run(Sent)
                assert isinstance(event, Sent)
                assert (event.pgn, event.retries) == (pgn, 0)
                received, (_, _, its_pgn, source) = kernel.recvfrom(4096)
                assert (received, its_pgn, source) == (payload, pgn, BMS)
                asked = [frame.data[1] for frame in shell.heard if frame.data[0] == CTS]
                if (size, window) in ((49, 255), (1785, 255), (49, 2)):
                    seen.append(f"{size} bytes, at most {window}: {len(asked)} CTS for up to {max(asked)}")
    return f"{len(WINDOWS) * len(MESSAGES)} messages; {'; '.join(seen)}"


def kernel_repeats_what_we_missed(name: str) -> str:
    """A packet is lost on its way to us: after the last one we ask for it, and the kernel sends what we ask for."""
    with judge(name, BMS) as kernel, closing(Shell(name, Receiver(CHARGER, BMS))) as shell:
        payload = bytes(range(49))
        kernel.sendto(payload, (name, socket.J1939_NO_NAME, BRM, CHARGER))
        event = shell.run(Received, Aborted, TimedOut, lost=once(lambda frame: data_packet(frame, 3)))
    assert isinstance(event, Received), event
    assert event.payload == payload
    assert event.retries == 1
    again = [frame.data[0] for frame in shell.heard if data_packet(frame)]
    return f"whole after {event.took:.2f} s; packets as they came: {again}"


def we_meet_a_kernel_that_missed(name: str) -> str:
    """A packet is lost on its way to the kernel: what it does about it, and that we end in order."""
    sender = Sender(BMS, CHARGER, spacing=0)
    with judge(name, CHARGER) as kernel, closing(Shell(name, sender)) as shell:
        payload = bytes(range(49))
        began = time.monotonic()
        sender.send(BRM, payload, began)
        event = shell.run(Sent, Aborted, TimedOut, lost=once(lambda frame: data_packet(frame, 3)))
        took = time.monotonic() - began
        answers = [frame.data.hex(" ") for frame in shell.heard if frame.data[0] in (CTS, ABORT, END_OF_MESSAGE)]
        reasons: list[int] = []
        while True:  # our machines repeat their messages, too
            sender.send(BCP, bytes(13), time.monotonic())
            end = shell.run(Sent, Aborted)
            if not isinstance(end, Aborted):
                break
            reasons.append(end.reason)
            time.sleep(REPEATS_AFTER)
        lag = time.monotonic() - began - took
        while (received := kernel.recv(4096)) != bytes(13):
            assert received == payload
    return (
        f"{type(event).__name__} after {took:.2f} s, the kernel said {answers};"
        f" BCP well {lag:.2f} s later, refused for the reasons {reasons} before"
    )


def kernel_obeys_a_refusal(name: str) -> str:
    """What we do not want is refused before any packet, and the next message comes."""
    receiver = Receiver(CHARGER, BMS, accepts=lambda pgn: pgn != BMV)
    with judge(name, BMS) as kernel, closing(Shell(name, receiver)) as shell:
        kernel.sendto(bytes(252), (name, socket.J1939_NO_NAME, BMV, CHARGER))
        event = shell.run(Refused)
        kernel.sendto(bytes(13), (name, socket.J1939_NO_NAME, BCP, CHARGER))
        began = time.monotonic()
        assert isinstance(shell.run(Received), Received)
        took = time.monotonic() - began
    assert isinstance(event, Refused)
    packets = sum(data_packet(frame) for frame in shell.heard)
    assert packets == 2  # those of BCP
    return f"BMV refused without a packet, BCP {took:.2f} s after it"


def once(which: Callable[[Frame], bool]) -> Callable[[Frame], bool]:
    """Loses the first frame of a kind."""
    gone: list[Frame] = []

    def lost(frame: Frame) -> bool:
        if gone or not which(frame):
            return False
        gone.append(frame)
        return True

    return lost


def data_packet(frame: Frame, sequence: int | None = None) -> bool:
    return frame.identifier >> 16 & 0xFF == 0xEB and sequence in (None, frame.data[0])


CHECKS = (
    kernel_sends_to_us,
    we_send_to_kernel,
    kernel_repeats_what_we_missed,
    we_meet_a_kernel_that_missed,
    kernel_obeys_a_refusal,
)
