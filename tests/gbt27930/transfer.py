"""A long message as the frames that carry it."""

from tests.gbt27930.bus import acknowledgement, cts, packet, rts, shown

from chargelink.gbt27930.identifier import BMS, CHARGER, GLOBAL


def transfer(
    pgn: int, payload: str, destination: int = CHARGER, source: int = BMS, *, broadcast: bool = False
) -> list[str]:
    """RTS, CTS, the packets and the acknowledgement, in the text of a recording; by BAM, announcement and packets."""
    data = bytes.fromhex(payload)
    to = GLOBAL if broadcast else destination
    connection, packets = 0x1CEC0000 | to << 8 | source, 0x1CEB0000 | to << 8 | source
    answers = 0x1CEC0000 | source << 8 | destination
    count = -(-len(data) // 7)
    announced = rts(pgn, len(data), identifier=connection)
    carried = [packet(data, sequence, packets) for sequence in range(1, count + 1)]
    if broadcast:
        return shown([announced._replace(data=b"\x20" + announced.data[1:]), *carried])
    return shown([announced, cts(pgn, count, 1, answers), *carried, acknowledgement(pgn, len(data), answers)])
