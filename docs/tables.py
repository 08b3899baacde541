"""The tables of the protocol pages by name, each made from the code when it is asked for."""

from collections.abc import Callable
from functools import partial

from docs import dlt645, ls1_times, trace
from docs import gbt27930_states as states
from docs.bodies import bodies, stop_reasons
from docs.conformance import cases, tolerances
from docs.gbt27930 import contradictions, fault_classes

from chargelink.dlt645.catalogue.table import identifier_table, profile_table
from chargelink.edge.charge import tables as charge
from chargelink.gbt27930.catalogue import MESSAGES, Entry, by_class
from chargelink.gbt27930.charging import Cell
from chargelink.link.tables import TABLES as LINK_TABLES
from chargelink.lora_radio.tables import TABLES as RADIO_TABLES
from chargelink.lora_socket.tables import TABLES as SOCKET_TABLES
from chargelink.sim.conformance.figures import Side
from chargelink.wire.table import table


def _messages() -> str:
    """The messages of GB/T 27930 at a glance."""
    head = "| message | | PGN | identifier | priority | period | bytes 2015 | bytes 2011 |"
    return "\n".join([head, "|---" * 8 + "|", *map(_message, MESSAGES)])


def _message(entry: Entry) -> str:
    lengths = [" / ".join(map(str, lengths)) or "any" for lengths in (entry.lengths_2015, entry.lengths_2011)]
    if entry.of_2011 is None:
        lengths[1] = "–"
    cells = (entry.name, f"{entry.english} {entry.chinese}", f"0x{entry.pgn:06X}", f"{entry.identifier:08X}")
    return f"| {' | '.join(cells)} | {entry.priority} | {entry.period} ms | {' | '.join(lengths)} |"


TABLES: dict[str, Callable[[], str]] = {
    "gbt27930.messages": _messages,
    **{f"gbt27930.{cls.__name__}": partial(table, cls) for cls in by_class()},
    "gbt27930.contradictions": contradictions,
    "gbt27930.faults": fault_classes,
    "gbt27930.charger.states": states.charger_states,
    "gbt27930.charger.diagram": states.charger_diagram,
    "gbt27930.vehicle.states": states.vehicle_states,
    "gbt27930.vehicle.diagram": states.vehicle_diagram,
    "gbt27930.frames": states.frames,
    "gbt27930.Cell": partial(table, Cell),
    "charge.sequence": charge.sequence,
    "charge.watches": charge.watches,
    "charge.causes": charge.causes,
    "charge.advice": charge.advice,
    "conformance.charger": partial(cases, Side.CHARGER),
    "conformance.vehicle": partial(cases, Side.VEHICLE),
    "conformance.tolerances": tolerances,
    "dlt645.identifiers": identifier_table,
    "dlt645.profiles": profile_table,
    "dlt645.functions": dlt645.functions_2007,
    "dlt645.functions1997": dlt645.functions_1997,
    "dlt645.errors": dlt645.errors,
    "dlt645.longErrors": dlt645.long_errors,
    "dlt645.relay": dlt645.relay_commands,
    "records.bodies": bodies,
    "records.stopReasons": stop_reasons,
    "trace.headlines": trace.headlines,
    "trace.rules": trace.rules,
    "trace.stops": trace.stops,
    "trace.severities": trace.severities,
    "trace.columns": trace.columns,
    **{f"link.{name}": made for name, made in LINK_TABLES.items()},
    "ls1.times": ls1_times.times,
    "ls1.ends": ls1_times.ends,
    **{f"lora_socket.{name}": made for name, made in SOCKET_TABLES.items()},
    **{f"lora_radio.{name}": made for name, made in RADIO_TABLES.items()},
}
