"""HTML that is safe by construction: a string is text and is escaped, only `Markup` is taken as it is.

    element("p", "stopped by ", element("b", hostile), class_="why")

A `Text` is there in both languages; the style sheet shows that of the page.
"""

from html import escape

from chargelink.cli.language import Language, Text

LANGUAGES = {Language.ENGLISH: "en", Language.CHINESE: "zh-CN"}  # as HTML names them
EMPTY = {"br", "meta", "path", "line", "rect", "circle"}


class Markup(str):
    """HTML that is complete and safe."""

    __slots__ = ()


Child = str | Text | int | None


def element(tag: str, *children: Child, **attributes: str | int | float | None) -> Markup:
    """An element. An attribute of None is left out; `class_` is `class`, any other `_` is `-`."""
    said = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in EMPTY:
        return Markup(f"<{tag}{said}/>")
    return Markup(f"<{tag}{said}>{joined(*children)}</{tag}>")


def joined(*children: Child) -> Markup:
    """Children one after the other."""
    return Markup("".join(map(_child, children)))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, Text):
        return _both(child)
    return escape(printable(str(child)), quote=False)


def _both(text: Text) -> str:
    english, chinese = (escape(printable(said), quote=False) for said in (text.english, text.chinese))
    if english == chinese:
        return english
    return f'<span lang="en">{english}</span><span lang="zh-CN">{chinese}</span>'


def printable(text: str) -> str:
    """Without characters that HTML has no place for, or that turn the writing round."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
