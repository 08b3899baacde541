"""The command `chargelink hub`."""

import argparse
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
        "--host",
        default="127.0.0.1",
        metavar=str(Text("ADDRESS", "地址")),
        help=str(Text("127.0.0.1, and nothing else yet", "目前只能是 127.0.0.1")),
    )
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
    from chargelink.hub.loopback import require_loopback
    from chargelink.hub.serve import Settings, run

    require_loopback(arguments.host)
    configure(arguments.log_json)
    try:
        arguments.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(Settings(arguments.data, arguments.port, arguments.web_port)))
    except OSError as error:
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
                "chargelink hub serve --data ./hub --port 8701 --web-port 8702",
                Text(
                    "edges at 8701, the page at http://127.0.0.1:8702/",
                    "边缘网关接入 8701，网页为 http://127.0.0.1:8702/",
                ),
            ),
        ),
    )


SERVE = Text("keep what the edges record, and show it on a page", "汇集边缘网关的记录，并以网页展示")


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer([Offer("serve", SERVE, load_serve)])


COMMAND = Command(
    name="hub",
    summary=Text("the cloud side: sessions, bills, a live page", "云平台: 充电过程、账单与实时网页"),
    configure=configure,
    run=None,
    examples=(
        Example("chargelink hub serve --data ./hub", Text("start it; it says where it listens", "启动并显示监听地址")),
    ),
)
