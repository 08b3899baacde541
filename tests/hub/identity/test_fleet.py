"""The simulated fleet over TLS: who has a certificate is let in, who shows another's is not."""

import asyncio

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.hub.conftest import PATIENCE
from tests.hub.identity.conftest import SecureHub

from chargelink.link.closing import Close
from chargelink.sim.edges.fleet import Fleet
from chargelink.sim.edges.line import Address, Papers


async def test_each_edge_is_who_its_certificate_says(secure: SecureHub) -> None:
    known = await secure.enrolled("sim1")
    key = known.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    folder = secure.data / "papers"
    folder.mkdir()
    for name in ("sim1", "sim2"):  # the second has nothing but the first one's
        (folder / f"{name}.pem").write_bytes(key + known.chain.encode())
    port = int(secure.listening.link.rpartition(":")[2])
    address = Address("127.0.0.1", port, Papers(secure.data / "identity" / "ca.pem", folder))
    fleet = Fleet(address, ["sim1", "sim2"], lambda what, seconds: None)

    async def work() -> None:
        async with asyncio.timeout(PATIENCE):
            while not (fleet.connected and fleet.farewells):  # noqa: ASYNC110 - asking again is the condition
                await asyncio.sleep(0.01)

    await fleet.run(work, per_second=1000)
    assert [edge.name for edge in fleet.edges if edge.heartbeat] == ["sim1"]
    [farewell] = fleet.farewells
    assert farewell.startswith(str(int(Close.FOREIGN_ID)))
