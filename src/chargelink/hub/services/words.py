"""What alarms say, in both languages. The `{}` are filled from the alarm's detail."""

from chargelink.cli.language import Text

ALARMS = {
    "quarantined": Text(
        "record {key} cannot be read and is kept as it came: {why}",
        "记录 {key} 无法解读，已按原始字节保留: {why}",
    ),
    "set-aside": Text(
        "record {key} came again with other bytes; the first stays, the second is set aside",
        "记录 {key} 再次到达但内容不同，保留首次内容，后者另行存放待查",
    ),
    "chain-broken": Text(
        "behind record {key} the edge's chain is {sent}, not {held}: records before were changed, moved or left out",
        "记录 {key} 之后边缘的链值为 {sent}，平台为 {held}: 此前的记录被改动、移动或遗漏",
    ),
    "fork": Text(
        "two histories under one name: behind record {key} the edge has {sent}, the hub {held}; both are kept",
        "同一编号出现两段历史: 记录 {key} 之后边缘为 {sent}，平台为 {held}，两者均已保留",
    ),
    "checkpoint-wrong": Text(
        "the signature under the records up to {key} is not by the edge's key: {why}",
        "截至记录 {key} 的签名与边缘网关密钥不符: {why}",
    ),
    "checkpoint-stray": Text(
        "a signature came for record {key}, which was not sent with it",
        "收到针对记录 {key} 的签名，但该记录未随之发送",
    ),
    "register-backwards": Text(
        "session {session} on {device} begins at register {register} mWh, below {before} mWh of session {earlier}",
        "充电过程 {session} ({device}) 起始示数 {register} mWh，低于此前 {earlier} 的 {before} mWh",
    ),
    "telemetry-unreadable": Text(
        "telemetry block {key} cannot be read and is kept as it came: {why}",
        "遥测数据块 {key} 无法解读，已按原始字节保留: {why}",
    ),
    "missing-records": Text(
        "{count} records before {key} never came and the edge no longer has them",
        "记录 {key} 之前缺少 {count} 条，边缘网关已不再持有",
    ),
    "lower-price": Text(
        "session {session}: the edge says {edge} fen and the hub {hub} fen; the lower settles",
        "充电过程 {session}: 边缘计价 {edge} 分，平台计价 {hub} 分，按较低者结算",
    ),
    "other-fees": Text(
        "session {session}: both ends say {total} fen, but differ in its fees; the books have those of the hub",
        "充电过程 {session}: 两端合计均为 {total} 分，但电费、服务费划分不同，账簿按平台计价",
    ),
    "unknown-tariff": Text(
        "session {session} is not settled: its tariff {tariff} was not recorded",
        "充电过程 {session} 暂不结算: 未收到其资费 {tariff}",
    ),
    "impossible-readings": Text(
        "session {session} is not settled, its readings cannot be true: {why}",
        "充电过程 {session} 暂不结算，电能表读数不合理: {why}",
    ),
    "stay-of-another": Text(
        "the bill for staying after session {session} of {edge} names account {account}, and {charged} charged;"
        " nobody's account paid it",
        "网关 {edge} 的充电过程 {session} 的占位费账单指向账户 {account}，而充电账户为 {charged}，未从账户扣款",
    ),
    "occupancy-twice": Text(
        "session {session} has two different bills for staying; the first counts",
        "充电过程 {session} 收到两份不同的占位费账单，以首份为准",
    ),
    "ended-twice": Text(
        "session {session} ended twice with different records; the first counts",
        "充电过程 {session} 两次结束且内容不同，以首次为准",
    ),
    "person-key-changed": Text(
        "{edge} told another key for person {person}; the first stays",
        "{edge} 上报了人员 {person} 的另一个密钥，保留首个",
    ),
    "person-revealed": Text(
        "the data of person {person} of {edge} was shown in plain by a command on the hub's machine",
        "在平台主机上以明文查看了 {edge} 人员 {person} 的信息",
    ),
    "order-of-another": Text(
        "session {session} of {edge} names order {order}, which is not its own; nothing was paid from it",
        "网关 {edge} 的充电过程 {session} 所称订单 {order} 不属于它，未从该订单扣款",
    ),
    "order-contradiction": Text(
        "order {order} was {state} when {heard} came; look at it: chargelink hub order show {order}",
        "订单 {order} 状态为 {state} 时收到 {heard}；请查看: chargelink hub order show {order}",
    ),
    "lease-of-another": Text(
        "session {session} of {edge} names allowance {lease}, which was not given to it; nothing was paid from it",
        "网关 {edge} 的充电过程 {session} 所称额度 {lease} 并未授予它，未从该额度扣款",
    ),
    "above-prepaid": Text(
        "session {session} of order {order} would cost {fen} fen, {prepaid} were prepaid; no more is taken",
        "订单 {order} 的充电过程 {session} 计价 {fen} 分，预付 {prepaid} 分，按预付额收取",
    ),
    "unpaid": Text(
        "{fen} fen of session {session} are owed by account {account}: nothing was held for them",
        "充电过程 {session} 有 {fen} 分未能收取，记为账户 {account} 欠费",
    ),
    "trip": Text("{device}: cut off by rule {rule}", "{device}: 触发保护 {rule}，已切断"),
    "edge-replaced": Text(
        "edge {edge} is another gateway now: certificate {old} ended, {new} took its place",
        "网关 {edge} 已更换: 证书 {old} 终止，由 {new} 接替",
    ),
    "renewal-waits": Text(
        "edge {edge}, whose certificate expired, waits; if it is yours: chargelink hub edge allow {edge}",
        "网关 {edge} 证书过期后重新联系，等待批准；确认无误请执行 chargelink hub edge allow {edge}",
    ),
    "signing-key-changed": Text(
        "edge {edge} signs its records with another key ({new}, before {old}) and is not let in;"
        " if that is right: chargelink hub edge allow {edge}",
        "网关 {edge} 的记录签名密钥已变 ({old} 变为 {new})，暂不接入；确认无误请执行 chargelink hub edge allow {edge}",
    ),
    "edge-alarm": Text("{text}", "{text}"),
    "lease-doubtful": Text(
        "allowance {lease} is over at {edge} ({reason}): it says {spent} fen were spent and {unbilled} sessions not"
        " billed, here {ours} fen are; decide: chargelink hub lease release {lease}",
        "额度 {lease} 在 {edge} 已结束（{reason}）: 网关称已用 {spent} 分、未结算 {unbilled} 次，平台为 {ours} 分；"
        "请裁定: chargelink hub lease release {lease}",
    ),
    "lease-ended-twice": Text(
        "{edge} told another end of allowance {lease} ({reason}, {spent} fen spent) than before ({before})",
        "{edge} 再次上报额度 {lease} 结束（{reason}，已用 {spent} 分），与此前不符（{before}）",
    ),
    "lease-unknown": Text(
        "{edge} ended allowance {lease}, which this hub never granted to it: {spent} fen spent, {reason}",
        "{edge} 上报的额度 {lease} 并非本平台授予: 已用 {spent} 分，{reason}",
    ),
    "list-refused": Text("{edge} did not take its list of cards: {why}", "{edge} 未接收本地名单: {why}"),
    "tariff-refused": Text(
        "{edge} refused version {version} of tariff {tariff}: {why}",
        "{edge} 拒绝资费 {tariff} 第 {version} 版: {why}",
    ),
    "tariff-lost": Text(
        "{edge} no longer holds version {version} of tariff {tariff}; it is sent again",
        "{edge} 已不再持有资费 {tariff} 第 {version} 版，将重新下发",
    ),
    "tariff-foreign": Text(
        "{edge} holds a tariff that this hub never published: {hash}",
        "{edge} 持有本平台未曾发布的资费: {hash}",
    ),
    "tariff-unsigned": Text(
        "{edge} charges by tariff {tariff} ({source}), which neither this hub nor that edge signed",
        "{edge} 采用的资费 {tariff}（来源 {source}）既无平台签名，也无该网关签名",
    ),
    "journal-epoch": Text(
        "edge {edge} began a new journal ({reason}); the one before was {previous}",
        "边缘网关 {edge} 启用了新的日志（{reason}），此前为 {previous}",
    ),
}


def words(kind: str, detail: dict[str, object]) -> dict[str, str]:
    """An alarm's sentence by language; the bare kind where a newer hub wrote one that is not known here."""
    text = ALARMS.get(kind, Text(kind, kind))
    try:
        return {"en": text.english.format(**detail), "zh": text.chinese.format(**detail)}
    except (KeyError, IndexError, ValueError):
        return {"en": kind, "zh": kind}
