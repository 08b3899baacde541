"""The clear part of a LoRaWAN frame (LoRaWAN L2 1.0.4, chapter 4): enough to say whose packet a radio has heard."""

from typing import NamedTuple

JOIN_REQUEST, JOIN_ACCEPT, FIRST_DATA, LAST_DATA = 0, 1, 2, 5
MESSAGE_TYPES = (
    "join_request",
    "join_accept",
    "unconf_up",
    "unconf_down",
    "conf_up",
    "conf_down",
    "rejoin_request",
    "proprietary",
)
MIC = 4  # bytes
SHORTEST_DATA = 1 + 7 + MIC  # MHDR, FHDR without options, MIC


class Header(NamedTuple):
    """What every LoRaWAN frame says of itself. `mtype` 0 to 7, see MESSAGE_TYPES."""

    mtype: int
    major: int

    def fields(self) -> dict[str, object]:
        """As names and values for JSON."""
        return {"mtype": MESSAGE_TYPES[self.mtype], "major": self.major}


class JoinRequest(NamedTuple):
    """A device asks to join. Identities as numbers are written: most significant byte first."""

    header: Header
    join_eui: bytes
    dev_eui: bytes
    dev_nonce: int
    mic: bytes

    def fields(self) -> dict[str, object]:
        """As names and values for JSON."""
        return {
            **self.header.fields(),
            "joineui": self.join_eui.hex(),
            "deveui": self.dev_eui.hex(),
            "devnonce": self.dev_nonce,
            "mic": self.mic.hex(),
        }


class Data(NamedTuple):
    """A data frame up or down; `payload` is encrypted, `port` None when there is none."""

    header: Header
    address: bytes  # most significant byte first
    control: int
    counter: int  # low 16 bits
    options: bytes
    port: int | None
    payload: bytes
    mic: bytes

    def fields(self) -> dict[str, object]:
        """As names and values for JSON."""
        return {
            **self.header.fields(),
            "devaddr": self.address.hex(),
            "fctrl": self.control,
            "fcnt16": self.counter,
            "fopts": self.options.hex(),
            "fport": self.port,
            "frm_payload": self.payload.hex(),
            "mic": self.mic.hex(),
        }


def read(frame: bytes) -> Header | JoinRequest | Data | None:
    """The header of a LoRaWAN frame, or None when it is none: reserved bits set, or not long enough for its type."""
    if not frame or frame[0] & 0x1F:  # major version 0 and three reserved bits (4.2)
        return None
    header = Header(frame[0] >> 5, 0)
    if FIRST_DATA <= header.mtype <= LAST_DATA:
        return _data(header, frame)
    if header.mtype == JOIN_REQUEST:
        return _join_request(header, frame)
    if header.mtype == JOIN_ACCEPT:
        return header if len(frame) in (17, 33) else None  # all but the header is encrypted (6.2.3)
    return header


def _join_request(header: Header, frame: bytes) -> JoinRequest | None:
    if len(frame) != 23:
        return None
    nonce = int.from_bytes(frame[17:19], "little")
    return JoinRequest(header, frame[8:0:-1], frame[16:8:-1], nonce, frame[-MIC:])


def _data(header: Header, frame: bytes) -> Data | None:
    options = 8 + (frame[5] & 0x0F) if len(frame) >= SHORTEST_DATA else len(frame)
    end = len(frame) - MIC
    if options > end:
        return None
    return Data(
        header,
        address=frame[4:0:-1],
        control=frame[5],
        counter=int.from_bytes(frame[6:8], "little"),
        options=frame[8:options],
        port=frame[options] if options < end else None,
        payload=frame[options + 1 : end],
        mic=frame[end:],
    )
