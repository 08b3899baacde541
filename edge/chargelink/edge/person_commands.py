"""The command `chargelink edge person erase`: somebody wants nothing kept of them, and the hub is not asked."""

import argparse
import re
from pathlib import Path

from chargelink.cli.command import Command, CommandError, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.parser import Parser
from chargelink.edge.arguments import data_argument
from chargelink.edge.commands import PERSON

ERASE = Text("erase the key of a person, for good", "永久删除某人的密钥")


def configure_erase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "person",
        metavar=str(Text("PERSON", "编号")),
        help=str(
            Text("32 hexadecimal digits, as the hub shows them beside a session", "32 位十六进制编号，见平台的充电记录")
        ),
    )
    data_argument(parser)


def run_erase(arguments: argparse.Namespace) -> int:
    """Do it here, or have the edge that runs do it. Raises CommandError."""
    import asyncio

    from chargelink.edge.control import ask
    from chargelink.edge.ledger import LedgerError
    from chargelink.edge.paths import control_socket
    from chargelink.wire import ChargelinkError

    if not re.fullmatch("[0-9a-f]{32}", arguments.person):
        raise CommandError(
            Text("{!r} names no person: 32 hexadecimal digits do", "{!r} 不是人员编号: 应为 32 位十六进制").format(
                arguments.person
            )
        )
    try:
        try:
            asyncio.run(erase(arguments.data, arguments.person))
        except LedgerError as error:  # an edge that runs holds the lock of its ledger
            if not control_socket(arguments.data).exists():
                raise CommandError(str(error)) from None
            ask(control_socket(arguments.data), "erase", person=arguments.person)
    except ChargelinkError as error:
        raise CommandError(str(error)) from None
    print(
        Text("{} is erased; the hub will hear of it", "{} 已删除，平台将收到通知").format(arguments.person),
    )
    return Exit.CLEAN


async def erase(data: Path, person: str) -> None:
    """Erase while no daemon runs. Raises LedgerError, PeopleError."""
    from chargelink.edge import paths
    from chargelink.edge.clock import Clock, last_record
    from chargelink.edge.ledger import Journal, People, load_key
    from chargelink.edge.ledger.opening import edge_of

    clock = Clock(last_record(paths.ledger(data)))
    edge = edge_of(paths.ledger(data))
    journal = Journal.open(paths.ledger(data), edge, load_key(paths.journal_key(data)), clock=clock.now)
    try:
        people = await People.open(paths.people(data), journal)
        try:
            await people.erase(person, clock.now())
        finally:
            await people.close()
    finally:
        await journal.close()


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer([Offer("erase", ERASE, lambda: COMMAND_ERASE)])


COMMAND_ERASE = Command(
    name="erase",
    summary=ERASE,
    configure=configure_erase,
    run=run_erase,
    examples=(
        Example(
            "chargelink edge person erase 00112233445566778899aabbccddeeff --data ./data",
            Text("whether the edge runs or not", "无论网关是否在运行"),
        ),
    ),
)
COMMAND = Command(
    name="person",
    summary=PERSON,
    configure=configure,
    run=None,
    examples=(
        Example(
            "chargelink edge person erase 00112233445566778899aabbccddeeff",
            Text("bills stay, whose they were is gone", "账单保留，不再能识别个人"),
        ),
    ),
)
