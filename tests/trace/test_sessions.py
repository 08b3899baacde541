"""Sessions of recordings of our own two sides."""

import pytest
from tests.gbt27930.bus import BRM, rts
from tests.trace.recorded import analysed, good_session

from chargelink.gbt27930.catalogue import Edition
from chargelink.trace.sessions.analyser import Analyser
from chargelink.trace.sessions.model import EnergySource, Phase, Side

ORDER = [Phase.RECOGNITION, Phase.PARAMETERS, Phase.PREPARING, Phase.CHARGING, Phase.STOPPING, Phase.STATISTICS]


@pytest.mark.parametrize("edition", list(Edition))
def test_a_good_session(edition: Edition) -> None:
    (session,) = analysed(good_session(edition))
    before = [Phase.HANDSHAKE] + ([Phase.INSULATION] if edition is Edition.OF_2015 else [])
    assert [span.phase for span in session.phases] == before + ORDER
    assert session.edition == edition.value
    assert (session.first_soc, session.last_soc) == (413, 420)
    assert (session.energy, session.energy_from) == (400_000, EnergySource.CSD)
    # 380 V x 100 A for about 30 s
    assert session.energies[EnergySource.CCS] == pytest.approx(38_000_000 * 30 / 3600, rel=0.2)
    assert (session.stop.by, session.stop.message, session.stop.causes) == (Side.CHARGER, "CST", ("manual_stop",))
    assert session.violations == ()


def test_a_session_of_which_nothing_tells_a_phase() -> None:
    """A request of the transport alone, as at the end of a recording that was cut short."""
    analyser = Analyser()
    analyser.take(0.0, "can0", *rts(BRM, 49))
    (session,) = analyser.close()
    assert session.phases == ()
