"""The link server as an independent client meets it."""

import asyncio
import base64

import msgpack
import pytest
from tests.hub.conftest import Hub
from tests.hub.fake_edge import CallError, device, identifier, record, sample, started
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chargelink.hub.store.batches import Batch, Stored
from chargelink.hub.store.writer import RecordWriter


@pytest.mark.parametrize("protocol", ["chargelink.1.msgpack", "chargelink.1.json"])
async def test_an_edge_says_who_it_is(hub: Hub, protocol: str) -> None:
    edge = await hub.edge(protocol=protocol)
    answer = await edge.boot(devices=(device(state="charging", since=5),))
    assert answer["currentTime"] > 1_700_000_000_000
    assert answer["interval"] > 0
    assert answer["have"] == {}
    [known] = await hub.get("/api/edges")
    assert known | {"lastSeen": 0} == {
        "id": "edge-1",
        "software": "fake 1",
        "epoch": "epoch-1",
        "connected": True,
        "lastSeen": 0,
    }
    [gun] = await hub.get("/api/devices")
    assert (gun["edge"], gun["id"], gun["kind"], gun["state"], gun["detail"]) == (
        "edge-1",
        "gun-1",
        "gun",
        "charging",
        {"since": 5},
    )


async def test_boot_tells_what_the_hub_holds_of_this_epoch_and_its_hash(hub: Hub) -> None:
    edge = await hub.edge()
    await edge.boot()
    last = record(3, "alarm", b"3")
    await edge.send(record(2, "alarm", b"2"), last)
    assert (await edge.boot())["have"] == {"record": 3}
    assert (await edge.boot())["hashes"] == {"record": last["hash"]}
    assert (await edge.boot(epoch="epoch-2"))["have"] == {}


async def test_nothing_is_heard_before_the_edge_has_said_who_it_is(hub: Hub) -> None:
    edge = await hub.edge()
    for action, payload in (
        ("Heartbeat", {}),
        ("StatusNotification", {"devices": [device()]}),
        ("Records", {"epoch": "e", "first": 1, "records": [record(1, "alarm", b"")]}),
    ):
        with pytest.raises(CallError, match="SecurityError"):
            await edge.call(action, payload)
    assert await hub.get("/api/devices") == []


async def test_an_edge_is_who_its_path_says(hub: Hub) -> None:
    edge = await hub.edge("edge-1")
    edge.edge = "edge-2"
    with pytest.raises(CallError, match="SecurityError"):
        await edge.boot()
    assert await hub.get("/api/edges") == []


async def test_heartbeat_status_and_samples(hub: Hub) -> None:
    edge = await hub.edge()
    await edge.boot(devices=(device("gun-1"), device("gun-2")))
    assert set(await edge.call("Heartbeat", {})) == {"currentTime"}
    assert await edge.call("StatusNotification", {"devices": [device("gun-2", state="fault")]}) == {}
    assert [gun["state"] for gun in await hub.get("/api/devices")] == ["idle", "fault"]
    session = identifier(1)
    await edge.send(record(1, "session.started", started("edge-1", session)))
    await hub.until("/api/sessions", len)
    born = int(session[:8] + session[9:13], 16)
    points = [sample(session, born + 1_000 * n, power=n) for n in range(4)]
    assert await edge.call("MeterValues", {"samples": points}) == {}
    curve = (await hub.get(f"/api/sessions/{session}"))["points"]
    assert curve == [[born + 1_000 * n, 380_000, 100_000, n, 500, 1_000_000] for n in range(4)]


async def test_devices_that_an_edge_no_longer_has_are_forgotten(hub: Hub) -> None:
    other = await hub.edge("edge-2")
    await other.boot(devices=(device("gun-9"),))
    edge = await hub.edge()
    await edge.boot(devices=(device("gun-1"), device("gun-2")))
    await edge.boot(devices=(device("gun-2"), device("gun-3")))
    assert [gun["id"] for gun in await hub.get("/api/devices")] == ["gun-2", "gun-3", "gun-9"]


async def test_an_edge_cannot_fill_the_hub_with_devices(hub: Hub) -> None:
    edge = await hub.edge()
    await edge.boot()
    for hundred in range(10):
        await edge.call("StatusNotification", {"devices": [device(f"d-{hundred}-{n}") for n in range(100)]})
    with pytest.raises(CallError, match="PropertyConstraintViolation"):
        await edge.call("StatusNotification", {"devices": [device("one-more")]})
    assert len(await hub.get("/api/devices")) == 1000


async def test_a_device_cannot_fill_the_hub_with_what_it_tells(hub: Hub) -> None:
    edge = await hub.edge()
    await edge.boot(devices=(device(told="x" * 16_000),))
    for told in ("x" * 16_384, "\x01" * 4_000):  # as JSON the other is six times as long
        with pytest.raises(CallError, match="16384 are allowed"):
            await edge.call("StatusNotification", {"devices": [device(told=told)]})
    [gun] = await hub.get("/api/devices")
    assert len(gun["detail"]["told"]) == 16_000


async def test_an_edge_adds_nothing_to_the_curve_of_another(hub: Hub) -> None:
    owner, other = await hub.edge("edge-1"), await hub.edge("edge-2")
    await owner.boot()
    await other.boot()
    session = identifier(1)
    await owner.send(record(1, "session.started", started("edge-1", session)))
    await hub.until("/api/sessions", len)
    born = int(session[:8] + session[9:13], 16)
    await owner.call("MeterValues", {"samples": [sample(session, born)]})
    await other.call("MeterValues", {"samples": [sample(session, born + 5_000)]})
    await owner.call("MeterValues", {"samples": [sample(session, born + 9_000)]})
    points = (await hub.get(f"/api/sessions/{session}"))["points"]
    assert [point[0] - born for point in points] == [0, 9_000]


async def test_the_newest_link_of_an_edge_wins(hub: Hub) -> None:
    older = await hub.edge()
    await older.boot()
    newer = await hub.edge()
    await newer.boot()
    await asyncio.wait_for(older.websocket.wait_closed(), 30)
    assert older.websocket.close_code == 4001
    assert "newer" in (older.websocket.close_reason or "")
    [edge] = await hub.get("/api/edges")
    assert edge["connected"]
    assert await newer.call("Heartbeat", {})
    await newer.close()
    await hub.until("/api/edges", lambda edges: not edges[0]["connected"])


async def test_a_link_that_never_boots_ends_no_other(hub: Hub) -> None:
    real = await hub.edge()
    await real.boot()
    silent = await hub.edge()
    await silent.close()
    assert await real.call("Heartbeat", {})
    assert (await hub.get("/api/edges"))[0]["connected"]


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Dance", {}, "NotImplemented"),
        ("RequestStopTransaction", {"transactionId": identifier(1)}, "NotSupported"),
        ("Heartbeat", [], "ProtocolError"),
        ("Records", {"epoch": "e", "first": 1, "records": [{"seq": 1}]}, "OccurrenceConstraintViolation"),
        ("MeterValues", {"samples": [sample("no uuid", 1)]}, "PropertyConstraintViolation"),
        ("StatusNotification", {"devices": [device(f"gun-{n}") for n in range(1001)]}, "PropertyConstraintViolation"),
        ("StatusNotification", {"devices": [device(odd=msgpack.ExtType(5, b"x"))]}, "PropertyConstraintViolation"),
    ],
)
async def test_what_breaks_the_rules_is_refused_and_the_link_stays(
    hub: Hub, action: str, payload: object, code: str
) -> None:
    edge = await hub.edge()
    await edge.boot()
    with pytest.raises(CallError, match=code):
        await edge.call(action, payload)  # type: ignore[arg-type]
    assert await edge.call("Heartbeat", {})


@pytest.mark.parametrize(
    "garbage", [b"", b"\xff", b"\x93\x02", b"[2]", "text", msgpack.packb([9, "1"]), b"\xdd\xff\xff\xff\xff"]
)
async def test_garbage_does_not_end_the_link(hub: Hub, garbage: bytes | str) -> None:
    edge = await hub.edge()
    await edge.boot()
    await edge.websocket.send(garbage)
    identifier, code, _, _ = await asyncio.wait_for(edge.refused.get(), 30)
    assert (identifier, code) in {
        ("-1", "FormatViolation"),
        ("-1", "RpcFrameworkError"),
        ("1", "MessageTypeNotSupported"),
    }
    assert await hub.get("/api/defects") == {code: 1}
    assert await edge.call("Heartbeat", {})


async def test_a_message_larger_than_allowed_ends_the_link_and_only_it(hub: Hub) -> None:
    edge, other = await hub.edge("edge-1"), await hub.edge("edge-2")
    await edge.boot()
    await other.boot()
    await edge.websocket.send(bytes((1 << 20) + 1))
    await asyncio.wait_for(edge.websocket.wait_closed(), 30)
    assert edge.websocket.close_code == 1009
    assert await other.call("Heartbeat", {})


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/link/edge-1", {"Origin": "http://example.org"}, 403),
        ("/link/edge-1", {"Origin": "null"}, 403),
        ("/link/", {}, 404),
        ("/link/edge 1", {}, 404),
        ("/link/" + "e" * 65, {}, 404),
        ("/", {}, 404),
        ("/link/edge-1/more", {}, 404),
    ],
)
async def test_only_links_from_this_machine_are_let_in(
    hub: Hub, path: str, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(hub.link + path.replace(" ", "%20"), additional_headers=headers):
            pass
    assert refusal.value.response.status_code == status


HANDSHAKE = "".join(
    f"{name}: {value}\r\n"
    for name, value in {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
        "Sec-WebSocket-Protocol": "chargelink.1.json",
    }.items()
)


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["127.0.0.1:{}"], 101),
        (["localhost:{}"], 101),
        (["example.org"], 403),
        (["127.0.0.1"], 403),
        (["127.0.0.1:{}", "example.org"], 403),
        ([], 403),
    ],
)
async def test_a_foreign_host_is_refused(hub: Hub, hosts: list[str], status: int) -> None:
    """A name that somebody made resolve to 127.0.0.1 is not ours."""
    port = int(hub.link.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    named = "".join(f"Host: {host.format(port)}\r\n" for host in hosts)
    writer.write(f"GET /link/edge-1 HTTP/1.1\r\n{named}{HANDSHAKE}\r\n".encode())
    answer = await asyncio.wait_for(reader.readline(), 30)
    assert answer.split()[1] == str(status).encode()
    writer.close()
    await writer.wait_closed()


async def test_a_link_without_a_known_subprotocol_is_refused(hub: Hub) -> None:
    with pytest.raises((InvalidStatus, ConnectionClosed)):
        async with connect(f"{hub.link}/link/edge-1", subprotocols=["ocpp2.0.1"]) as websocket:  # type: ignore[list-item]
            await websocket.recv()


async def test_json_is_spoken_as_text(hub: Hub) -> None:
    edge = await hub.edge(protocol="chargelink.1.json")
    await edge.boot()
    body = b"\x01"
    entry = record(1, "alarm", body)
    entry |= {"body": base64.b64encode(body).decode(), "hash": base64.b64encode(entry["hash"]).decode()}
    assert await edge.send(entry) == 1


async def test_a_newer_link_loses_nothing_that_the_older_had_sent(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()
    store = RecordWriter.store

    async def slow(writer: RecordWriter, item: Batch) -> Stored:
        arrived.set()
        await go_on.wait()
        return await store(writer, item)

    monkeypatch.setattr(RecordWriter, "store", slow)
    bodies = [{"code": "c", "text": str(number), "at": 1} for number in range(3)]
    first, second, third = (record(number, "alarm", body) for number, body in enumerate(bodies, 1))
    older = await hub.edge()
    await older.boot()
    sending = asyncio.create_task(older.send(first, second))
    await asyncio.wait_for(arrived.wait(), 30)
    newer = await hub.edge()
    assert (await newer.boot())["have"] == {}
    await asyncio.wait_for(older.websocket.wait_closed(), 30)
    with pytest.raises(ConnectionError):
        await sending
    go_on.set()
    assert await newer.send(first, second, third) == 3
    assert (await newer.boot())["have"] == {"record": 3}
    alarms = await hub.until("/api/alarms", lambda alarms: len(alarms) >= 3)
    assert sorted(alarm["detail"]["text"] for alarm in alarms) == ["0", "1", "2"]
    [edge] = await hub.get("/api/edges")
    assert edge["connected"]
