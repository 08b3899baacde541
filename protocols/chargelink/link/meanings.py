"""What each field of the link means, in one line, beside its type, range and unit: for the page and for AsyncAPI."""

from chargelink.link import enrolment, messages
from chargelink.link.shape import Shape

_STATUS = "whether it is done"
_REASON = "why not, for people"
_OUTLET = "of a device with several outlets: which"
_CSR = "a certificate request for a new key of P-256; names in it are ignored"
_TELEMETRY_NUMBER = "number of the block, from 1 and without gaps"

MEANINGS: dict[type[Shape], dict[str, str]] = {
    messages.Device: {
        "id": "its name within the edge",
        "kind": "`gun`, `socket`, `meter`, `io`, or a kind that is newer than the reader",
        "state": "its state in one word, as the edge's status shows it",
        "at": "since when",
        "detail": "whatever its driver wants to be seen, up to 16 KiB as JSON; nothing depends on it",
    },
    messages.Sample: {
        "device": "where",
        "sessionId": "in which session",
        "at": "when",
        "voltage": "at the device",
        "current": "at the device",
        "power": "at the device",
        "energy": "since the session's start",
        "soc": "of the battery, where it is known",
        "outlet": _OUTLET,
    },
    messages.Record: {
        "seq": "number in its lane, from 1 and without gaps",
        "kind": "what the body is, see [records](records.md)",
        "at": "when it was written",
        "body": "MessagePack as first written, see [records](records.md)",
        "hash": "SHA-256 of these bytes",
    },
    messages.Checkpoint: {
        "seq": "the record up to which the edge stands by",
        "at": "when it signed",
        "signature": "over the bytes under [The chain](#the-chain)",
    },
    messages.TelemetryBlock: {
        "seq": _TELEMETRY_NUMBER,
        "device": "where",
        "sessionId": "in which session",
        "begin": "when the first sample was taken",
        "end": "when the last sample was taken",
        "count": "how many samples",
        "body": "the samples, see [telemetry](telemetry.md)",
        "outlet": _OUTLET,
    },
    messages.TelemetryGap: {
        "first": "the first block that will never come",
        "last": "the last one",
        "samples": "how many samples are missing",
        "begin": "from when",
        "end": "until when",
        "reason": "why, in one word",
    },
    messages.BootNotification: {
        "edgeId": "who we are: the name in the path and in the certificate",
        "epoch": "the life of the journal; numbers of one epoch never mean two things",
        "software": "name or version, for people",
        "devices": "all devices as they are; the hub forgets others of this edge",
        "telemetryEpoch": "the life of the telemetry; none: there is no telemetry",
        "signingKey": "public key of the checkpoints; always the same one",
        "compression": "`zlib`: we read compressed frames; `zlib.1`: and have the dictionary",
    },
    messages.BootNotificationResponse: {
        "currentTime": "the hub's clock, by which its commands expire",
        "interval": "seconds between signs of life of an edge that has nothing else to say",
        "have": "by lane (`record`, `metering`, `telemetry`): up to which number the hub has everything; missing = 0",
        "hashes": "by lane: the hash of that very record, or of that block's body",
        "chains": "by lane: the value of the chain at that record",
        "liveInterval": "seconds between states and samples while nobody looks",
        "compression": "`zlib`: the hub reads compressed frames; `zlib.1`: and has the dictionary",
    },
    messages.StatusNotification: {"devices": "those that changed, as they are now"},
    messages.MeterValues: {"samples": "oldest first"},
    messages.Heartbeat: {},
    messages.HeartbeatResponse: {"currentTime": "the hub's clock"},
    messages.Records: {
        "epoch": "that of the BootNotification",
        "first": "`seq` of the first record here",
        "records": "consecutive ones of one lane",
        "lane": "`record`, or `metering` for what only the supervisor of metering can read",
        "previous": "the value of the chain before `first`; chain 0 if `first` is 1",
        "checkpoint": "a signature under a record of this batch, best the last",
    },
    messages.RecordsResponse: {"have": "everything up to this number is stored and need not be sent again"},
    messages.Telemetry: {
        "epoch": "`telemetryEpoch` of the BootNotification",
        "blocks": "in the order of their numbers",
        "gaps": "what is missing among or before them",
    },
    messages.TelemetryResponse: {"have": "every block and gap up to this number is stored"},
    messages.PersonKey: {
        "person": "random; says nothing about who it is",
        "key": "AES-256-GCM, for the personal fields of this person's records",
    },
    messages.PersonKeys: {"keys": "they never stand in a record"},
    messages.SignCertificate: {"csr": _CSR},
    messages.SignCertificateResponse: {
        "status": _STATUS,
        "certificateChain": "the certificate and what signed it, PEM",
        "reason": _REASON,
    },
    messages.Caps: {
        "energy": "at most so much",
        "minutes": "at most so long, in minutes",
        "power": "at most so much at a time",
    },
    messages.RequestStartTransaction: {
        "device": "where",
        "remoteStartId": "number of the command: told twice, it starts once and has one answer, on any connection",
        "expiry": "not after this, by the hub's clock",
        "outlet": _OUTLET,
        "caps": "limits of the session",
    },
    messages.RequestStartTransactionResponse: {
        "status": _STATUS,
        "transactionId": "id of the session, born at the edge",
        "reason": _REASON,
    },
    messages.RequestStopTransaction: {
        "transactionId": "id of the session",
        "expiry": "not after this, by the hub's clock; none: whenever it comes",
    },
    messages.RequestStopTransactionResponse: {"status": "whether the session will stop", "reason": _REASON},
    messages.TriggerMessage: {
        "requestedMessage": "`BootNotification`, `StatusNotification`, `Heartbeat` or `PersonKeys`"
    },
    messages.TriggerMessageResponse: {"status": "whether it will be sent"},
    messages.WatchLive: {
        "interval": "seconds between states and samples while somebody looks",
        "seconds": "for how many seconds; then `liveInterval` again",
    },
    messages.WatchLiveResponse: {"status": _STATUS},
    messages.ErasePerson: {"person": "whose key is to be erased"},
    messages.ErasePersonResponse: {
        "status": "`Accepted` also for a person that the edge does not know, or no longer",
        "reason": _REASON,
    },
    messages.Nothing: {},
    enrolment.EnrollRequest: {
        "edge": "`edge` of the token",
        "secret": "`secret` of the token",
        "csr": _CSR,
        "signingKey": "public key of the checkpoints, the one of later BootNotifications",
    },
    enrolment.EnrollResponse: {"certificateChain": "the certificate, valid for 400 days"},
    enrolment.NonceResponse: {"nonce": "to be signed once, within two minutes"},
    enrolment.RenewRequest: {
        "edge": "who we are",
        "fingerprint": "SHA-256 of the old certificate's DER, hexadecimal",
        "csr": _CSR,
        "nonce": "as given",
        "signature": "ECDSA with SHA-256 of the old key, DER, see [enrolment](enrolment.md#requests)",
    },
    enrolment.RenewResponse: {"certificateChain": "null while it waits for an operator: ask again later"},
    enrolment.Refusal: {"reason": "in one word", "text": "for people", "textChinese": "the same in Chinese"},
}
