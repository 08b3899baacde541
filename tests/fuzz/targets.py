"""What is fuzzed: a name, a function of bytes, and what to begin with. A function raises where a promise is broken."""

from collections.abc import Callable
from typing import NamedTuple

from tests.fuzz import (
    dlt645,
    dlt645_procedures,
    gbt27930,
    gbt27930_charge,
    identity,
    link,
    lora_radio,
    lora_socket,
    radios,
    recordings,
    seeds,
)


class Target(NamedTuple):
    """One decoder. `seeds` gives inputs that are worth varying, `longest` bytes are the most that are tried."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    longest: int = 4096


TARGETS = {
    "gbt27930_messages": Target(gbt27930.messages, gbt27930.message_seeds, 1024),
    "gbt27930_listener": Target(gbt27930.listener, gbt27930.listener_seeds),
    "gbt27930_transport": Target(gbt27930.transport, gbt27930.transport_seeds, 2048),
    "gbt27930_charger": Target(gbt27930_charge.charger, gbt27930_charge.charger_seeds, 1024),
    "gbt27930_vehicle": Target(gbt27930_charge.vehicle, gbt27930_charge.vehicle_seeds, 1024),
    "gbt27930_contradictions": Target(gbt27930_charge.contradictions, gbt27930_charge.contradictions_seeds, 2048),
    "gbt27930_trace": Target(gbt27930_charge.trace, gbt27930_charge.trace_seeds, 8192),
    "gbt27930_conformance": Target(gbt27930_charge.conformance, gbt27930_charge.conformance_seeds, 512),
    "dlt645_frame": Target(dlt645.frame, seeds.meter_bytes, 512),
    "dlt645_meaning": Target(dlt645.meaning, dlt645.meaning_seeds, 512),
    "dlt645_scanner": Target(dlt645.scanner, dlt645.scanner_seeds),
    "dlt645_link": Target(dlt645.link, dlt645.link_seeds),
    "dlt645_procedures": Target(dlt645_procedures.procedures, dlt645_procedures.procedure_seeds, 1024),
    "dlt645_profiles": Target(dlt645_procedures.profiles, dlt645_procedures.profile_seeds),
    "ls1_bodies": Target(lora_socket.bodies, lora_socket.body_seeds, 256),
    "ls1_frames": Target(lora_socket.frames, lora_socket.frame_seeds, 2048),
    "ls1_joins": Target(lora_socket.joins, lora_socket.join_seeds, 512),
    "ls1_sessions": Target(lora_socket.sessions, lora_socket.session_seeds, 1024),
    "gwmp_datagrams": Target(lora_radio.datagrams, seeds.gateway_datagrams),
    "gwmp_documents": Target(lora_radio.documents, lora_radio.document_seeds),
    "gwmp_exchange": Target(lora_radio.gateways, lora_radio.gateway_seeds),
    "ls1_fragments": Target(radios.fragments, radios.fragment_seeds, 1024),
    "chirpstack_messages": Target(radios.messages, radios.message_seeds, 1024),
    "chirpstack_gateways": Target(radios.gateways, radios.gateway_seeds, 1024),
    "modem_ebyte": Target(radios.ebyte_modem, radios.ebyte_seeds, 1024),
    "lorawan": Target(lora_radio.lorawan_headers, lora_radio.lorawan_seeds, 256),
    "airtime": Target(lora_radio.airtimes, lora_radio.airtime_seeds, 16),
    "link": Target(link.messages, link.message_seeds, 2048),
    "telemetry": Target(link.blocks, link.block_seeds, 1024),
    "tokens": Target(identity.tokens, identity.token_seeds, 512),
    "papers": Target(identity.files, identity.file_seeds),
    "certificates": Target(identity.certificates, identity.certificate_seeds, 1024),
    "enrolment": Target(identity.requests, identity.request_seeds, 2048),
    "can_log": Target(recordings.can_log, recordings.can_log_seeds, 8192),
    "decode_gbt27930": Target(recordings.decode_gbt27930, recordings.decode_gbt27930_seeds, 8192),
    "decode_dlt645": Target(recordings.decode_dlt645, recordings.decode_dlt645_seeds),
    "decode_ls1": Target(recordings.decode_ls1, recordings.decode_ls1_seeds),
    "ls1_key_file": Target(recordings.key_file, recordings.key_file_seeds, 2048),
    "decode_gwmp": Target(recordings.decode_gwmp, recordings.decode_gwmp_seeds),
}
