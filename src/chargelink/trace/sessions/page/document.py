"""The page as a file: everything in it, nothing loaded."""

import base64
import hashlib
from pathlib import Path
from typing import NamedTuple

from chargelink.cli.language import Language, spoken
from chargelink.trace.sessions.model import Session
from chargelink.trace.sessions.page import words
from chargelink.trace.sessions.page.markup import LANGUAGES, Markup, element, joined
from chargelink.trace.sessions.page.session import section, started
from chargelink.trace.sessions.terminal import duration
from chargelink.trace.sessions.violations import filled

MOST_SESSIONS = 100  # at some 100 kB each
HERE = Path(__file__).parent


class Shown(NamedTuple):
    """A session on the page."""

    orderly: bool
    entry: Markup
    section: Markup


class Page:
    """Takes sessions as they end; `html` makes the page of them. Holds at most `MOST_SESSIONS`, as text; where there
    are more, those that ended in order give way."""

    def __init__(self) -> None:
        self._shown: list[Shown] = []
        self.sessions = 0

    def add(self, session: Session) -> None:
        self.sessions += 1
        if len(self._shown) == MOST_SESSIONS:
            orderly = [place for place, shown in enumerate(self._shown) if shown.orderly]
            if session.orderly or not orderly:
                return
            del self._shown[orderly[-1]]
        self._shown.append(Shown(session.orderly, _entry(session), section(session)))

    def html(self, name: str, frames: int, unreadable: int = 0, *, whole: bool = True) -> str:
        """The page of a recording called `name`, in the language chosen; its button changes to the other."""
        notes = [words.ONE_SESSION if self.sessions == 1 else filled(words.SESSIONS, count=self.sessions)]
        notes += [filled(words.FRAMES, count=frames)]
        notes += [filled(words.UNREADABLE, count=unreadable)] if unreadable else []
        notes += [] if whole else [words.BROKEN_OFF]
        left_out = self.sessions - len(self._shown)
        body = element(
            "body",
            element(
                "header",
                element("p", words.TITLE),
                element("h1", name),
                element("p", *(joined(" · " if place else None, note) for place, note in enumerate(notes))),
                element("button", words.OTHER_LANGUAGE, type="button", id="language", hidden=""),
                class_="page",
            ),
            element("nav", *(shown.entry for shown in self._shown)) if len(self._shown) > 1 else None,
            *(shown.section for shown in self._shown),
            None if self.sessions else _nothing(),
            element("p", filled(words.NOT_SHOWN, count=left_out), class_="note") if left_out else None,
            element("footer", words.MADE_BY),
        )
        return _document(name, body)


def _entry(session: Session) -> Markup:
    """A session in the list at the top."""
    return element(
        "a",
        element("b", filled(words.SESSION, number=session.number)),
        element("span", words.FAULT_OF[session.verdict.whose], class_="whose"),
        element("small", started(session)[0], None if session.seconds is None else f" · {duration(session.seconds)}"),
        href=f"#s{session.number}",
        class_=session.verdict.whose.value,
    )


def _nothing() -> Markup:
    return element(
        "section", element("h2", words.NO_SESSIONS), element("p", words.NO_SESSIONS_WHY), class_="session unknown empty"
    )


def _document(name: str, body: Markup) -> str:
    """The frame around it. The policy keeps a browser from running or loading anything that slipped in."""
    style, script = ((HERE / file).read_text("utf-8") for file in ("style.css", "page.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'"
    title = words.TITLE.chinese if spoken() is Language.CHINESE else words.TITLE.english
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{name} · {title}"),
        element("style", Markup(style)),
    )
    page = element("html", head, body, Markup(f"<script>{script}</script>"), lang=LANGUAGES[spoken()])
    return f"<!DOCTYPE html>\n{page}\n"
