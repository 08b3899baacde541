"""The command `chargelink hub`."""

import argparse
import os
from functools import partial
from pathlib import Path

from chargelink.cli.command import Command, CommandError, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.parser import Parser

PORTS = range(65536)


def port(text: str) -> int:
    """A TCP port. Raises ValueError."""
    number = int(text)
    if number not in PORTS:
        raise ValueError(number)
    return number


def configure_serve(parser: argparse.ArgumentParser) -> None:
    from chargelink.cli.money import amount
    from chargelink.hub.store_options import add_store_options

    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar=str(Text("DIR", "目录")),
        help=str(Text("where the database is kept; made when missing", "数据库所在目录，没有则创建")),
    )
    parser.add_argument(
        "--port",
        type=port,
        default=0,
        metavar=str(Text("PORT", "端口")),
        help=str(Text("where edges connect (default: a free port)", "边缘网关接入端口 (默认: 任一空闲端口)")),
    )
    parser.add_argument(
        "--web-port",
        type=port,
        default=0,
        metavar=str(Text("PORT", "端口")),
        help=str(Text("where the page and the API are (default: a free port)", "网页与接口端口 (默认: 任一空闲端口)")),
    )
    parser.add_argument(
        "--enroll-port",
        type=port,
        default=0,
        metavar=str(Text("PORT", "端口")),
        help=str(Text("where edges enrol (default: a free port)", "边缘网关注册端口 (默认: 任一空闲端口)")),
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar=str(Text("ADDRESS", "地址")),
        help=str(
            Text(
                "IP address on which edges connect and enrol, 0.0.0.0 for all (default: 127.0.0.1); "
                "the page stays on 127.0.0.1",
                "边缘网关接入与注册的 IP 地址，0.0.0.0 为全部 (默认: 127.0.0.1)；网页始终只在 127.0.0.1",
            )
        ),
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar=str(Text("NAME", "名称")),
        help=str(
            Text(
                "DNS name or address under which edges reach this hub; may be given again, tokens say the first",
                "边缘网关访问平台所用的域名或地址；可多次给出，令牌中写第一个",
            )
        ),
    )
    parser.add_argument(
        "--plain",
        action="store_true",
        help=str(
            Text(
                "links without TLS or certificates, on 127.0.0.1 only: for simulators and trials",
                "连接不加密、不验证证书，仅限 127.0.0.1: 用于仿真与试用",
            )
        ),
    )
    parser.add_argument(
        "--hold",
        type=amount,
        default=5_000,
        metavar=str(Text("YUAN", "元")),
        help=str(
            Text(
                "what is held of an account for a charge when nobody says how much, or all it has (default: 50)",
                "未指定金额时每次充电冻结的金额，余额不足则冻结全部余额 (默认: 50)",
            )
        ),
    )
    add_store_options(parser)
    parser.add_argument(
        "--log-json",
        action="store_true",
        help=str(Text("log one JSON object a line", "日志每行一个 JSON 对象")),
    )


def run_serve(arguments: argparse.Namespace) -> int:
    """Serve until stopped. Raises CommandError for what cannot be served."""
    import asyncio

    import uvloop

    from chargelink.cli.logs import configure
    from chargelink.hub.identity.front import names_of
    from chargelink.hub.loopback import ADDRESS, require_loopback
    from chargelink.hub.serve import Settings, run
    from chargelink.hub.store.trouble import is_trouble
    from chargelink.hub.store_options import database_of, retention_of
    from chargelink.wire import ChargelinkError

    host = ADDRESS if arguments.host == "localhost" else arguments.host
    names = (require_loopback(host),) if arguments.plain else names_of(host, arguments.name)
    settings = Settings(
        arguments.data,
        arguments.port,
        arguments.web_port,
        enroll_port=arguments.enroll_port,
        host=host,
        names=names,
        plain=arguments.plain,
        database=database_of(arguments),
        keep=retention_of(arguments),
        hold=arguments.hold,
    )
    configure(arguments.log_json)
    os.umask(0o077)  # the folder may be there, and others look into it
    try:
        arguments.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(settings))
    except Exception as error:
        if not (isinstance(error, ChargelinkError) or is_trouble(error)):
            raise
        raise CommandError(Text("the hub cannot start: {}", "平台无法启动: {}").format(error)) from None
    return Exit.CLEAN


def load_serve() -> Command:
    """`hub serve`."""
    return Command(
        name="serve",
        summary=SERVE,
        configure=configure_serve,
        run=run_serve,
        examples=(
            Example(
                "chargelink hub serve --data ./hub --host 0.0.0.0 --name hub.example.org --port 8701",
                Text("for edges elsewhere, with mutual TLS", "供外部边缘网关接入，双向 TLS"),
            ),
            Example(
                "chargelink hub serve --data ./hub --port 8701 --web-port 8702",
                Text(
                    "edges at 8701, the page at http://127.0.0.1:8702/",
                    "边缘网关接入 8701，网页为 http://127.0.0.1:8702/",
                ),
            ),
        ),
    )


def load_edge() -> Command:
    """`hub edge`."""
    from chargelink.hub.edge_commands import COMMAND as EDGE_COMMAND

    return EDGE_COMMAND


def load_person() -> Command:
    """`hub person`."""
    from chargelink.hub import person_commands

    return person_commands.COMMAND


def load_export() -> Command:
    """`hub export-metering`."""
    from chargelink.hub import export_command

    return export_command.COMMAND


def load_tariff() -> Command:
    """`hub tariff`."""
    from chargelink.hub import tariff_commands

    return tariff_commands.COMMAND


def load_lease() -> Command:
    """`hub lease`."""
    from chargelink.hub import lease_commands

    return lease_commands.COMMAND


def load_card() -> Command:
    """`hub card`."""
    from chargelink.hub import card_commands

    return card_commands.COMMAND


def load_offered(name: str) -> Command:
    """`hub vin`, `hub voucher`, `hub pass`."""
    from chargelink.hub import offer_commands

    return offer_commands.COMMANDS[name]


def load_reconcile(name: str) -> Command:
    """`hub reconcile`, `hub shares`."""
    from chargelink.hub import reconcile_commands

    return reconcile_commands.COMMANDS[name]


RECONCILE = Text("does it add up: ledger, bills and meters, by day", "对账: 账本、账单与电能表，按日")
SHARES = Text("a statement of how the service fee is shared", "服务费分成对账单")
CARD = Text("cards and PINs: add, block, remove, list, pin, allow, sent", "卡与密码: 录入、挂失、删除、列出、密码")
VIN = Text("cars that charge by their VIN: bind, confirm, list", "凭车辆识别码充电: 绑定、确认、列出")
VOUCHER = Text("codes that are worth an amount: make, list", "充电券: 制作、列出")
PASS = Text("monthly passes: sell, list", "包月: 售卖、列出")
LEASE = Text("money that an edge may spend offline: grant, list, withdraw", "离线额度: 授予、列出、收回")
TARIFF = Text("what sessions cost: publish, list, show, check, sent", "资费: 发布、列出、显示、检查、下发情况")


def load_account() -> Command:
    """`hub account`."""
    from chargelink.hub import account_commands

    return account_commands.COMMAND


def load_order() -> Command:
    """`hub order`."""
    from chargelink.hub import order_commands

    return order_commands.COMMAND


def load_bill() -> Command:
    """`hub bill`."""
    from chargelink.hub import bill_commands

    return bill_commands.COMMAND


ORDER = Text("what is frozen for whom: list, show, release", "订单与冻结: 列出、查看、解冻")
BILL = Text("what sessions cost, what a person decides: list, show, decide", "账单、收款与裁定")
ACCOUNT = Text("what customers paid in: create, top-up, refund, close", "客户账户: 开户、充值、退款、销户")
PERSON = Text("whose data the hub can read: list, show, erase", "平台可解密的个人信息: 列出、查看、删除")
EXPORT = Text("an edge's sealed metering data, for the supervisor", "导出网关的加密计量数据，供监督部门使用")
EDGE = Text(
    "which edges may connect: add, list, revoke, replace, allow", "哪些边缘网关可以接入: 添加、查看、吊销、更换、批准"
)
SERVE = Text("keep what the edges record, and show it on a page", "汇集边缘网关的记录，并以网页展示")


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    from chargelink.hub.store_commands import OFFERS

    parser.offer(
        [
            Offer("serve", SERVE, load_serve),
            Offer("edge", EDGE, load_edge),
            Offer("account", ACCOUNT, load_account),
            Offer("order", ORDER, load_order),
            Offer("bill", BILL, load_bill),
            Offer("person", PERSON, load_person),
            Offer("tariff", TARIFF, load_tariff),
            Offer("lease", LEASE, load_lease),
            Offer("reconcile", RECONCILE, partial(load_reconcile, "reconcile")),
            Offer("shares", SHARES, partial(load_reconcile, "shares")),
            Offer("card", CARD, load_card),
            Offer("vin", VIN, partial(load_offered, "vin")),
            Offer("voucher", VOUCHER, partial(load_offered, "voucher")),
            Offer("pass", PASS, partial(load_offered, "pass")),
            Offer("export-metering", EXPORT, load_export),
            *OFFERS,
        ]
    )


COMMAND = Command(
    name="hub",
    summary=Text("the cloud side: sessions, bills, a live page", "云平台: 充电过程、账单与实时网页"),
    configure=configure,
    run=None,
    examples=(
        Example("chargelink hub serve --data ./hub", Text("start it; it says where it listens", "启动并显示监听地址")),
    ),
)
