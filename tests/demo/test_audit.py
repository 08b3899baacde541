"""What the audit asks a meter itself."""

import os
import pty
import threading
import tty

from chargelink.demo.audit import meter_register
from chargelink.dlt645 import Frame

ADDRESS = "000000000161"


def answer(identifier: str, value: str) -> bytes:
    return Frame(ADDRESS, 0x91, bytes.fromhex(identifier)[::-1] + bytes.fromhex(value)[::-1]).encode()


def test_a_late_answer_to_somebody_else_is_not_taken_for_the_register() -> None:
    """The edge asked for the power when it was ended; the meter says so after the audit has asked."""
    meter, line = pty.openpty()
    tty.setraw(line)

    def say() -> None:
        os.read(meter, 100)
        os.write(meter, answer("02030000", "000000") + answer("00600000", "0000123456"))

    speaker = threading.Thread(target=say)
    speaker.start()
    try:
        assert meter_register(os.ttyname(line), ADDRESS) == 12_345_600
    finally:
        speaker.join()
        os.close(meter)
        os.close(line)
