"""The log of a long-running command: one line an event to standard error, for the engineer; users look at states."""

import logging
import sys
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any

from chargelink.cli.masking import mask


@contextmanager
def unseen(*packages: str) -> Iterator[None]:
    """Meanwhile these look as if they were not installed, unless they are loaded already."""
    hidden = [name for name in packages if name not in sys.modules]
    modules: dict[str, object] = sys.modules  # type: ignore[assignment]
    modules.update(dict.fromkeys(hidden))  # an import of None fails like that of something unknown
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


# structlog loads these where they are installed, at a tenth of an edge's memory. A log is the same without them, and
# plain tracebacks do.
with unseen("rich", "greenlet"):
    import structlog


SECRETS = ("key", "password", "secret", "seed", "token", "vin")  # a name that ends so is not for a log
HIDDEN = "***"


def masking(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor: whatever is passed into a line by mistake, no VIN and no key comes out of it."""
    for name, value in event.items():
        event[name] = HIDDEN if name.lower().endswith(SECRETS) and value is not None else _shown(value)
    return event


def _shown(value: Any) -> Any:
    """What a line may say of a value."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    if isinstance(value, Mapping):
        return masking(None, "", {str(name): part for name, part in value.items()})
    if isinstance(value, Sequence | set | frozenset):
        return [_shown(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float) else mask(str(value))


def configure(json: bool) -> None:
    """JSON for machines; else the console's form, coloured on a terminal."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), pad_event_to=24, exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            masking,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # websockets tells every broken handshake with a traceback; each command says what matters itself
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
