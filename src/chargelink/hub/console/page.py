"""The page itself: one document with its words, filled and kept current by the script from the stream of changes."""

from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from chargelink.cli.language import Language
from chargelink.hub.console.words import TERMS, WORDS, language_of, spoken

HERE = Path(__file__).parent
TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(request: Request) -> HTMLResponse:
    """GET / in the language that is wanted."""
    language = language_of(request)
    other = Language.ENGLISH if language is Language.CHINESE else Language.CHINESE
    words = spoken(WORDS, language)
    said = {"words": words, "terms": spoken(TERMS, language), "language": language}
    document = TEMPLATES.get_template("page.html").render(
        words=words,
        language=language,
        other=other,
        link=request.app.state.link,
        said=script_safe(msgspec.json.encode(said).decode()),
    )
    return HTMLResponse(document, headers={"Cache-Control": "no-store", "Vary": "Accept-Language"})


def script_safe(json: str) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.replace("<", "\\u003c")


ROUTES: list[BaseRoute] = [
    Route("/", page),
    Mount("/static", StaticFiles(directory=HERE / "static")),
]
