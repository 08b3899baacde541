"""What may be used once, or so often: vouchers, and monthly passes that this edge honours by itself.

A use is stored in the transaction that begins its session, and given back in the one that ends it if nothing was
delivered. Days are those of UTC+8. All functions work within a transaction of the ledger's writer.
"""

from sqlite3 import Connection

from chargelink.cli.language import Text
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.link.authorisation import Pass

HOUR = 3_600_000  # ms
DAY = 24 * HOUR
REMEMBERED = 400  # days that uses are known: no pass lasts longer


def day_of(now: int) -> int:
    """Days since 1970-01-01, by the clocks of UTC+8."""
    return (now + 8 * HOUR) // DAY


def require_use(database: Connection, terms: Pass, now: int) -> None:
    """Raises NotAuthorisedError for a pass that is over, or of which nothing is left, in all or for today."""
    if terms.until <= now:
        raise NotAuthorisedError("Expired", PASS_OVER)
    used, today = database.execute(
        "SELECT count(*), total(day = ?) FROM pass_uses WHERE pass = ?", (day_of(now), terms.id)
    ).fetchone()
    if used >= terms.uses:
        raise NotAuthorisedError("NoCredit", PASS_USED)
    if terms.uses_per_day is not None and today >= terms.uses_per_day:
        raise NotAuthorisedError("NoCredit", PASS_USED_TODAY)


def use_pass(database: Connection, terms: Pass, session: str, now: int) -> None:
    """Count a use by a session. Raises NotAuthorisedError, as `require_use`."""
    require_use(database, terms, now)
    database.execute("INSERT INTO pass_uses VALUES (?, ?, ?)", (session, terms.id, day_of(now)))


def is_used(database: Connection, voucher: str) -> bool:
    """Whether a session here has used a voucher up, or is about to."""
    return database.execute("SELECT 1 FROM used_vouchers WHERE voucher = ?", (voucher,)).fetchone() is not None


def use_voucher(database: Connection, voucher: str, session: str, now: int) -> None:
    """Use a voucher up. Raises NotAuthorisedError if it is."""
    if is_used(database, voucher):
        raise NotAuthorisedError("NoCredit", VOUCHER_USED)
    database.execute("INSERT INTO used_vouchers VALUES (?, ?, ?)", (voucher, session, now))


def give_back(database: Connection, session: str) -> None:
    """Nothing was delivered in a session: it used nothing."""
    database.execute("DELETE FROM pass_uses WHERE session = ?", (session,))
    database.execute("DELETE FROM used_vouchers WHERE session = ?", (session,))


def forget(database: Connection, now: int) -> None:
    """Drop uses of passes so old that nobody asks for them."""
    database.execute("DELETE FROM pass_uses WHERE day < ?", (day_of(now) - REMEMBERED,))


PASS_OVER = Text("the monthly pass is over", "包月已到期")
PASS_USED = Text("the monthly pass is used up here", "包月次数在本站已用完")
PASS_USED_TODAY = Text("the monthly pass is used up for today", "包月今日次数已用完")
VOUCHER_USED = Text("the voucher has been used", "充电券已使用")
