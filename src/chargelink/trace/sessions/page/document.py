"""The page as a file: everything in it, nothing loaded."""

import base64
import hashlib
from pathlib import Path

from chargelink.cli.language import Language, spoken
from chargelink.trace.sessions.model import Session
from chargelink.trace.sessions.page import words
from chargelink.trace.sessions.page.markup import LANGUAGES, Markup, element, joined
from chargelink.trace.sessions.page.session import section, started
from chargelink.trace.sessions.terminal import duration
from chargelink.trace.sessions.violations import filled

MOST_SESSIONS = 100  # at some 100 kB each
HERE = Path(__file__).parent


class Page:
    """Takes sessions as they end; `html` makes the page of them. Holds at most `MOST_SESSIONS`, as text."""

    def __init__(self) -> None:
        self._sections: list[Markup] = []
        self._index: list[Markup] = []
        self.sessions = 0

    def add(self, session: Session) -> None:
        self.sessions += 1
        if self.sessions <= MOST_SESSIONS:
            self._sections.append(section(session))
            self._index.append(_entry(session))

    def html(self, name: str, frames: int, unreadable: int = 0, *, whole: bool = True) -> str:
        """The page of a recording called `name`, in the language chosen; its button changes to the other."""
        notes = [words.ONE_SESSION if self.sessions == 1 else filled(words.SESSIONS, count=self.sessions)]
        notes += [filled(words.FRAMES, count=frames)]
        notes += [filled(words.UNREADABLE, count=unreadable)] if unreadable else []
        notes += [] if whole else [words.BROKEN_OFF]
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
            element("nav", *self._index) if len(self._index) > 1 else None,
            *self._sections,
            None if self.sessions else _nothing(),
            element("p", filled(words.NOT_SHOWN, count=self.sessions - MOST_SESSIONS), class_="note")
            if self.sessions > MOST_SESSIONS
            else None,
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
