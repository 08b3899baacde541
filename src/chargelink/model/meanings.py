"""What each field of a record's body means, in one line, for the page that describes them."""

from chargelink.link.shape import Shape
from chargelink.model import bill, records, session, tariff
from chargelink.trust.personal import Sealed

_OUTLET = "of a device with several outlets: which"
_TARIFF_HASH = "`hash` of the record of the tariff, in hexadecimal"

_SESSION = {
    "sessionId": "born at the edge, with the session",
    "edgeId": "who we are; a record that speaks for another edge is set aside",
    "device": "where",
    "kind": "`dc`: a car's direct current; `socket`: an outlet of a socket",
    "authorisedBy": "`local`: on site; `remote`: RequestStartTransaction; `monitor`: somebody else sells it",
    "tariffId": "`id` of the tariff",
    "tariffHash": _TARIFF_HASH + "; the same from start to end",
}
_MORE = {"outlet": _OUTLET, "remoteStartId": "of the RequestStartTransaction that began it"}

MEANINGS: dict[type[Shape], dict[str, str]] = {
    session.SessionStarted: {
        **_SESSION,
        "at": "when it was authorised",
        **_MORE,
        "start": "the meter's register then",
    },
    session.SessionEnded: {
        **_SESSION,
        "startedAt": "`at` of its start",
        "at": "when it ended",
        "stopReason": "a word of OCPP 2.0.1, ReasonEnumType; a newer edge may send another",
        "stoppedBy": "who or what ended it, in one word of the edge's own",
        "readings": "oldest first; two are enough while the price stays the same",
        "bill": "what the customer was shown",
        **_MORE,
        "socStart": "of the battery, where it is known",
        "socEnd": "of the battery, where it is known",
        "trip": "what the guard said, if it was the guard",
        "vehicle": "the VIN that the car told; leave it out if you keep none",
    },
    session.Reading: {"at": "when it was read", "register": "the meter's register; never less than before"},
    bill.Bill: {
        "sessionId": "that of the session",
        "tariffId": "that of the session",
        "tariffHash": "that of the session",
        "rulesVersion": "of the rules under [What is due](#what-is-due): 1",
        "lines": "each amount, rounded once",
        "total": "the sum of the amounts",
        "energy": "last register less first",
        "verifiedMeter": "`false`: the energy was calculated, not measured by a verified meter",
        "fault": "the session broke down: a price per use is not due",
        "startedAt": "of the first reading",
        "endedAt": "of the last reading",
    },
    bill.BillLine: {
        "what": "electricity fee, service fee, price of one use",
        "energy": "of this period",
        "amount": "what is due for it",
        "because": "for people: how it was reckoned",
        "period": "null for a price per use",
        "price": "null for a price per use",
    },
    tariff.Tariff: {
        "id": "its name",
        "version": "of those with this name, for people",
        "name": "for people",
        "periods": "each minute of the day in exactly one of them",
        "perUse": "what one use costs, instead of periods",
    },
    tariff.Period: {
        "start": "`HH:MM` in UTC+8",
        "end": "`HH:MM` in UTC+8, up to `24:00`; may lie behind midnight, the same as `start` is the whole day",
        "name": "尖 sharp, 峰 peak, 平 flat, 谷 valley, 深谷 deep-valley",
        "energyPrice": "electricity fee",
        "servicePrice": "service fee",
    },
    records.Trip: {
        "device": "where",
        "rule": "the rule that fired",
        "at": "when",
        "sessionId": "in which session, if there was one",
        "values": "what the guard saw",
    },
    records.Alarm: {
        "code": "for machines: what happened, in one word",
        "text": "for people",
        "at": "when",
        "device": "where, if it is about a device",
        "sessionId": "in which session, if there was one",
    },
    records.JournalEpoch: {
        "previous": "the epoch before; null when nobody knows",
        "reason": "`hub-ahead`, `hub-behind`, `other-record`, `restored`, `damaged`, `renamed`",
        "at": "when the new one began",
        "lanes": "where each lane of the one before ended",
    },
    records.LaneEnd: {"seq": "its last record, 0 for none", "chain": "the value of the chain there"},
    records.PersonErased: {"person": "whose key is gone", "at": "since when"},
    records.MeteringSealed: {
        "recipient": "16 hex digits: which key of the supervisor",
        "box": "see [metering](../metering.md)",
    },
    Sealed: {
        "person": "whose key: told by PersonKeys",
        "box": "nonce (12 bytes), ciphertext, tag (16 bytes): AES-256-GCM, see [personal data](../personal-data.md)",
    },
}
