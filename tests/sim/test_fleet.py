"""Edges by the thousand: what they say is right by our own codecs, and they notice what a hub must not do."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgpack
import pytest
from msgspec import convert
from tests.hub.hub_process import running
from tests.sim.processes import facts, simulator
from websockets.asyncio.server import ServerConnection, serve

from chargelink.cli.main import main
from chargelink.link import chain
from chargelink.link.messages import Sample, TelemetryBlock
from chargelink.link.telemetry import unpack
from chargelink.model import SessionEnded, SessionStarted, Tariff, content_of
from chargelink.sim.edges.durable import Records
from chargelink.sim.edges.fleet import Fleet
from chargelink.sim.edges.line import Address
from chargelink.sim.edges.loads import MeterValues
from chargelink.sim.edges.speech import Journal
from chargelink.sim.edges.tally import Durations
from chargelink.sim.edges.telemetry import Telemetry
from chargelink.tariff import reprice

PATIENCE = 30  # s for what takes much less


def test_its_records_are_what_ours_are() -> None:
    journal = Journal("sim00001")
    value = chain.chain_start("sim00001", journal.epoch, "record")
    contents = []
    for _ in range(5):
        record = journal.write()
        assert record.before == value
        assert record.digest == chain.record_hash(record.body)
        value = chain.chain_next(value, record.seq, record.at, record.kind, record.digest)
        assert record.after == value
        contents.append(content_of(record.kind, record.body))
    tariff, started, ended, following = contents[:4]
    assert isinstance(tariff, Tariff)
    assert isinstance(ended, SessionEnded)
    assert ended.session_id == started.session_id  # type: ignore[union-attr]
    assert isinstance(following, SessionStarted)
    assert following.start is not None
    assert following.start.register == ended.readings[-1].register  # a meter never runs backwards
    assert reprice(ended, tariff).total == ended.bill.total


def test_its_telemetry_is_what_ours_is() -> None:
    telemetry = Telemetry(3)
    read: list[Sample] = []
    for seq in (1, 2):
        block = convert(telemetry.write(), TelemetryBlock)
        samples = unpack(block.body, block.device, block.session_id)
        assert (block.seq, block.count, block.begin, block.end) == (seq, 3, samples[0].at, samples[-1].at)
        read += samples
    assert [one.at - read[0].at for one in read] == [1000 * number for number in range(6)]
    assert [one.energy for one in read] == [10_344 * number for number in range(6)]
    assert {(one.voltage, one.power, one.soc) for one in read} == {(380_000, 37_240_000, None)}
    assert [one.current for one in read] == [98_000, 98_010, 98_020] * 2


def test_durations_are_right_within_a_hundredth() -> None:
    durations = Durations()
    for number in range(1, 1001):
        durations.add(number / 1000)
    assert durations.percentile(0.5) == pytest.approx(0.5, rel=0.02)
    assert durations.percentile(0.99) == pytest.approx(0.99, rel=0.02)
    assert durations.summary()["max"] == 1000


Answer = Callable[[ServerConnection, str, str, dict[str, Any]], Awaitable[dict[str, Any] | None]]


@asynccontextmanager
async def hub(answer: Answer) -> AsyncIterator[Address]:
    """A hub of the test: `answer` gets the socket, the edge, the action and the payload."""

    async def link(socket: ServerConnection) -> None:
        assert socket.request is not None
        edge = socket.request.path.rpartition("/")[2]
        async for message in socket:
            _, call, action, payload = msgpack.unpackb(message)
            if action == "BootNotification":
                assert (payload["edgeId"], payload["epoch"] != "") == (edge, True)
            if (reply := await answer(socket, edge, action, payload)) is not None:
                await socket.send(msgpack.packb([3, call, reply]))

    async with serve(link, "127.0.0.1", 0, subprotocols=["chargelink.1.msgpack"]) as server:  # type: ignore[list-item]
        yield Address("127.0.0.1", next(iter(server.sockets)).getsockname()[1])


BOOT = {"currentTime": 0, "interval": 30}


async def until(good: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not good():  # noqa: ASYNC110 - asking again is the condition
            await asyncio.sleep(0.01)


async def loaded(fleet: Fleet, until_then: Callable[[], object]) -> None:
    """Run the fleet under its loads until something is so, and until everything was answered."""

    async def work() -> None:
        await fleet.complete.wait()
        load = asyncio.create_task(fleet.load())
        await until(until_then)
        load.cancel()
        await fleet.answered()

    await fleet.run(work, per_second=1000)


def fleet_of(address: Address, edges: int) -> Fleet:
    return Fleet(address, [f"sim{number}" for number in range(edges)], lambda what, seconds: None)


async def test_what_a_lost_connection_left_open_is_sent_again() -> None:
    """The hub stores a batch and cuts the line instead of answering: nothing is lost, nothing is sent for ever."""
    held: dict[str, list[int]] = {}
    cut: set[str] = set()

    async def answer(socket: ServerConnection, edge: str, action: str, payload: dict[str, Any]) -> Any:
        records = held.setdefault(edge, [])
        if action == "BootNotification":
            return BOOT | {"have": {"record": len(records)}}
        for record in payload["records"]:
            assert record["seq"] == len(records) + 1
            records.append(record["seq"])
        if edge not in cut and len(records) > 5:
            cut.add(edge)
            socket.transport.abort()
            return None
        return {"have": len(records)}

    async with hub(answer) as address:
        fleet = fleet_of(address, 3)
        records = Records(fleet, math.inf, rows=2)
        fleet.loads = [records]
        await loaded(fleet, lambda: len(cut) == 3 and all(len(numbers) > 20 for numbers in held.values()))
    assert fleet.boots.calls.answered == 6
    assert records.calls.rows == sum(map(len, held.values()))
    assert (records.calls.lost, records.forgotten, records.broken, fleet.complaints) == (3, 0, 0, [])


@pytest.mark.parametrize(("have", "counted"), [(1, (2, 0)), (3, (0, 1))])
async def test_a_hub_that_forgot_or_changed_records_is_noticed(have: int, counted: tuple[int, int]) -> None:
    """It acknowledged three, then holds fewer, or another chain."""
    epochs: list[str] = []

    async def answer(socket: ServerConnection, edge: str, action: str, payload: dict[str, Any]) -> Any:
        if action == "BootNotification":
            epochs.append(payload["epoch"])
            held = {"have": {"record": have}, "chains": {"record": bytes(32)}}
            return BOOT | (held if len(epochs) == 2 else {"have": {}})
        if len(epochs) == 1 and payload["first"] > 3:
            await socket.close(4000, "enough")
            return None
        return {"have": payload["records"][-1]["seq"]}

    async with hub(answer) as address:
        fleet = fleet_of(address, 1)
        records = Records(fleet, math.inf, rows=1)
        fleet.loads = [records]
        await loaded(fleet, lambda: records.forgotten or records.broken)
    assert (records.forgotten, records.broken) == counted
    assert fleet.farewells["4000 enough"] == 1


async def test_calls_are_due_at_their_rate_and_counted() -> None:
    async def answer(socket: ServerConnection, edge: str, action: str, payload: dict[str, Any]) -> Any:
        return BOOT if action == "BootNotification" else {}

    async with hub(answer) as address:
        fleet = fleet_of(address, 4)
        values = MeterValues(fleet, 400, rows=1)
        fleet.loads = [values]
        await loaded(fleet, lambda: values.calls.sent >= 40)
    assert values.calls.answered == values.calls.rows == values.calls.sent
    assert values.calls.lost == 0


async def test_a_hub_killed_under_load_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    async with running(tmp_path) as first:
        address = first.link
        loads = ("--records-per-second", "200", "--samples-per-second", "2000", "--samples-per-call", "60")
        line = ("--hub", address, "--edges", "20", *loads, "--json")
        with simulator("fleet", *line) as process:
            assert (await asyncio.to_thread(facts, process))["what"] == "ready"
            await first.kill()
            async with running(tmp_path, "--port", address.rpartition(":")[2]):
                assert (await asyncio.to_thread(facts, process))["what"] == "back"
                process.terminate()
                output, _ = await asyncio.to_thread(process.communicate, timeout=PATIENCE)
            result = json.loads(output)
    assert (process.returncode, result["connected"]) == (0, 20)
    assert result["boots"]["answered"] == 40
    assert result["complaints"] == 0
    for load in ("records", "samples"):
        assert result[load]["rows"] > 0
        assert (result[load]["forgotten"], result[load]["broken"], result[load]["refused"]) == (0, 0, {})


@pytest.mark.parametrize(
    ("line", "argument"),
    [
        (("--hub", "ws://10.0.0.1:80"), "--hub"),
        (("--hub", "http://127.0.0.1:80"), "--hub"),
        (("--edges", "0"), "--edges"),
        (("--records-per-second", "inf"), "--records-per-second"),
        (("--records-per-second", "nan"), "--records-per-second"),
        (("--records-per-call", "1001"), "--records-per-call"),
        (("--prefix", "a b"), "--prefix"),
    ],
)
def test_a_wrong_argument_is_named(line: tuple[str, ...], argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["sim", "fleet", *line])
    assert stopped.value.code == 2
    assert f"argument {argument}: invalid" in capsys.readouterr().err
