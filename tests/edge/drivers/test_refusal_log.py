"""Refused packets cannot fill the log."""

from structlog.testing import capture_logs

from chargelink.edge.drivers.refusal_log import EVERY, RefusalLog


def test_the_first_is_logged_and_the_others_are_counted() -> None:
    with capture_logs() as logged:
        refusals = RefusalLog()
        for number in range(1000):
            refusals.note(5.0 + number / 1000, "datagram refused", source="192.0.2.1")
        refusals.note(6.0, "frame refused", address="0001")
        refusals.note(5.0 + EVERY, "datagram refused", source="192.0.2.2")
    assert [(one["event"], one["more"]) for one in logged] == [
        ("datagram refused", 0),
        ("frame refused", 0),
        ("datagram refused", 999),
    ]
