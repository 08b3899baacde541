"""The page's tables of functions: none is missing, and the decoder takes each example for what the table says."""

import pytest
from docs.dlt645 import ROWS_1997, ROWS_2007, Row

from chargelink.dlt645.control import FUNCTION, WORDS_1997, WORDS_2007, Edition, Function, Function1997
from chargelink.dlt645.frame import Frame
from chargelink.dlt645.message import explain


def test_no_function_is_missing() -> None:
    assert {row.frame.control & FUNCTION for row in ROWS_2007} == set(Function)
    assert {row.frame.control & FUNCTION for row in ROWS_1997} == set(Function1997)


@pytest.mark.parametrize("row", [*ROWS_2007, *ROWS_1997], ids=lambda row: f"{row.frame.control:02X} {row.layout}")
def test_the_decoder_takes_an_example_for_what_it_is(row: Row) -> None:
    told = explain(Frame.decode(row.frame.encode()))
    names = WORDS_2007 if row in ROWS_2007 else WORDS_1997
    if row.frame.function != Function.BROADCAST_TIME:  # the same in both
        assert told.edition is (Edition.DLT645_2007 if row in ROWS_2007 else Edition.DLT645_1997)
    assert told.words == names[row.frame.control & FUNCTION]
    assert not told.flaws
