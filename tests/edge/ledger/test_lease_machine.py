"""Leases under everything at once: outlets, a hub, a failing power supply; every fen stands in a book kept by hand."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from tests.edge.ledger.alone import NOW, Ledger

from chargelink.edge.ledger import allowances, epochs
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.link.authorisation import Lease


class Leases(RuleBasedStateMachine):
    """Outlets, a hub and a failing power supply; beside them a book kept by hand."""

    leases = Bundle("leases")
    sessions = Bundle("sessions")

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.ledger = Ledger(Path(self.directory.name) / "ledger.db")
        self.now = NOW
        self.numbers = iter(range(1_000_000))
        self.granted: dict[str, Lease] = {}
        self.withdrawn: set[str] = set()
        self.spent: dict[str, int] = {}
        self.open: dict[str, tuple[str, int]] = {}  # session: lease, reserved
        self.ended: dict[str, tuple[str, int]] = {}  # lease: reason, spent when it was closed

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
            self.directory.cleanup()

    def _expect(self, lease: str) -> None:
        """Reckon whether the lease must be closed now."""
        grant = self.granted[lease]
        if lease in self.ended or any(on == lease for on, _ in self.open.values()):
            return
        if self.spent[lease] == grant.amount:
            self.ended[lease] = "spent", self.spent[lease]
        elif lease in self.withdrawn:
            self.ended[lease] = "withdrawn", self.spent[lease]
        elif grant.until <= self.now:
            self.ended[lease] = "expired", self.spent[lease]

    @rule(target=leases, amount=st.integers(0, 50), lasts=st.integers(-5, 40), die=st.booleans())
    def grant(self, amount: int, lasts: int, die: bool) -> Any:
        lease = Lease(id=f"l-{next(self.numbers)}", account="a", amount=amount, until=self.now + lasts)
        self.ledger.do(lambda database: allowances.grant(database, [lease], self.now), die=die)
        if die:
            return multiple()
        self.granted[lease.id], self.spent[lease.id] = lease, 0
        self._expect(lease.id)
        return lease.id

    @rule(lease=leases)
    def grant_again(self, lease: str) -> None:
        self.ledger.do(lambda database: allowances.grant(database, [self.granted[lease]], self.now))

    @rule(
        target=sessions,
        lease=leases,
        wanted=st.none() | st.integers(0, 60),
        trusted=st.sampled_from([True, True, True, False]),
        die=st.booleans(),
    )
    def reserve(self, lease: str, wanted: int | None, trusted: bool, die: bool) -> Any:
        session = f"s-{next(self.numbers)}"
        grant = self.granted[lease]
        held = sum(amount for on, amount in self.open.values() if on == lease)
        left = grant.amount - self.spent[lease] - held
        due = left if wanted is None else min(left, wanted)
        usable = lease not in self.ended | dict.fromkeys(self.withdrawn, ("", 0)) and grant.until > self.now and trusted
        try:
            amount = self.ledger.do(
                lambda database: allowances.reserve(database, lease, session, wanted, self.now, trusted), die=die
            )
        except NotAuthorisedError:
            assert not usable or due <= 0
            return multiple()
        assert usable
        assert amount == due > 0
        if die:
            return multiple()
        self.open[session] = lease, amount
        return session

    @rule(session=consumes(sessions), part=st.integers(0, 100), die=st.booleans())
    def settle(self, session: str, part: int, die: bool) -> None:
        on = self.open.get(session)
        spent = part if on is None else on[1] * part // 100
        if die:
            self.ledger.do(lambda database: allowances.settle(database, session, spent, self.now), die=True)
        for _ in range(2):  # a second time changes nothing
            self.ledger.do(lambda database: allowances.settle(database, session, spent, self.now))
        if on is not None:
            del self.open[session]
            self.spent[on[0]] += spent
            self._expect(on[0])

    @rule(lease=leases, die=st.booleans())
    def withdraw(self, lease: str, die: bool) -> None:
        self.ledger.do(lambda database: allowances.withdraw(database, lease, self.now), die=die)
        if not die and lease not in self.ended:
            self.withdrawn.add(lease)
            self._expect(lease)

    @rule(passes=st.integers(0, 20))
    def time(self, passes: int) -> None:
        self.now += passes

    @rule()
    def sweep(self) -> None:
        before = set(self.ended)
        for lease in self.granted:
            self._expect(lease)
        assert set(self.ledger.do(lambda database: allowances.sweep(database, self.now))) == set(self.ended) - before

    @rule()
    def kill(self) -> None:
        self.ledger.reopen()

    @rule(die=st.booleans())
    def epoch(self, die: bool) -> None:
        self.ledger.do(lambda database: epochs.begin_anew(database, epochs.RESTORED), die=die)
        if not die:
            for lease in self.granted.keys() - self.ended.keys():
                self.ended[lease] = "epoch", self.spent[lease]
            self.open.clear()

    @invariant()
    def every_fen_stands_somewhere(self) -> None:
        if not hasattr(self, "ledger"):
            return
        told: dict[str, tuple[str, int]] = {}
        for record in self.ledger.closed:
            assert 0 <= record.spent <= record.amount == self.granted[record.lease].amount
            # What the hub lacked comes again in a new life, with the same words.
            assert told.setdefault(record.lease, (record.reason, record.spent)) == (record.reason, record.spent)
        assert told == self.ended
        for held in self.ledger.do(allowances.held_all):
            lease = held.lease.id
            reserved = sum(amount for on, amount in self.open.values() if on == lease)
            assert lease not in self.ended
            assert (held.spent, held.reserved) == (self.spent[lease], reserved)
            assert held.left == held.lease.amount - self.spent[lease] - reserved >= 0


TestLeases = Leases.TestCase
TestLeases.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
