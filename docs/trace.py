"""Tables of the page about `chargelink trace`, from the rules that it decides by."""

import re
from collections.abc import Iterable

from chargelink.cli.language import Text
from chargelink.trace.sessions.model import Severity, Side
from chargelink.trace.sessions.page.words import FAULT_OF, SEVERITIES
from chargelink.trace.sessions.rules import RULES, Rule
from chargelink.trace.sessions.stop_causes import MEANINGS
from chargelink.trace.sessions.table import COLUMNS
from chargelink.trace.sessions.unstopped import UNSTOPPED

KINDS = {float: "number", int: "whole number", bool: "true or false", str: "text"}


def rules() -> str:
    """The rules in the order in which they are asked."""
    head = "| | rule | whose | what it says | what to do now |"
    rows = [_rule(number, rule) for number, rule in enumerate((*RULES, *UNSTOPPED), 1)]
    return "\n".join([head, "|---" * 5 + "|", *rows])


def _rule(number: int, rule: Rule) -> str:
    whose = rule.whose.value if isinstance(rule.whose, Side) else f"*{rule.whose.__name__.replace('_', ' ')}*"
    return f"| {number} | `{rule.code}` | {whose} | {_said(rule.text)} | {_said(rule.remedy)} |"


def _said(text: Text) -> str:
    """The English with its places set apart, and the Chinese below."""
    english, chinese = (
        re.sub(r"\{(\w+)\}", lambda place: f"*{place[1].replace('_', ' ')}*", said)
        for said in (text.english, text.chinese)
    )
    return f"{english}<br>{chinese}"


def stops() -> str:
    """What a stop or an error means that no rule explains otherwise."""
    head = "| said | whose | what it says | what to do now |"
    rows = [
        f"| {message} `{cause}` | {meaning.whose.value} | {_said(meaning.text)} | {_said(meaning.remedy)} |"
        for message, meanings in MEANINGS.items()
        for cause, meaning in meanings.items()
    ]
    return "\n".join([head, "|---" * 4 + "|", *rows])


def headlines() -> str:
    """The big words."""
    rows = (f"| `{side.value}` | {text.english} | {text.chinese} |" for side, text in FAULT_OF.items())
    return _three("`whose`", rows)


def severities() -> str:
    """How much a violation matters."""
    meanings = {
        Severity.FAULT: "ends charges, or could have",
        Severity.VIOLATION: "against the standard",
        Severity.REMARK: "the standard says otherwise, and devices in the field live with it",
    }
    rows = (f"| {SEVERITIES[one].english} | {SEVERITIES[one].chinese} | {meanings[one]} |" for one in Severity)
    return _three("", rows)


def columns() -> str:
    """The columns of CSV and Parquet."""
    rows = (f"| `{column.name}` | {KINDS[column.kind]} |" for column in COLUMNS)
    return "\n".join(["| column | |", "|---|---|", *rows])


def _three(first: str, rows: Iterable[str]) -> str:
    return "\n".join([f"| {first} | | |", "|---" * 3 + "|", *rows])
