"""Texts in both languages that hold values."""

from chargelink.cli.language import Text


def filled(text: Text, *values: object) -> Text:
    """The text with its `{}` filled in, in both languages; a value that is itself a text goes in by language."""
    english = [value.english if isinstance(value, Text) else value for value in values]
    chinese = [value.chinese if isinstance(value, Text) else value for value in values]
    return Text(text.english.format(*english), text.chinese.format(*chinese))


def seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.3f} s"


def span(earliest: float, latest: float) -> Text:
    """From `earliest` to `latest` ms."""
    both = f"{seconds(earliest)} … {seconds(latest)}"
    return Text(both, both)


def either(choices: tuple[int, ...]) -> Text:
    """Some numbers of which one is right."""
    return Text(" or ".join(map(str, choices)), " 或 ".join(map(str, choices)))


def octets(choices: tuple[int, ...]) -> Text:
    """Lengths in bytes of which one is right; none given: any."""
    if not choices:
        return Text("any number of bytes", "长度不限")
    unit = Text("{} byte", "{} 字节") if choices == (1,) else Text("{} bytes", "{} 字节")
    return filled(unit, either(choices))


def times(count: int) -> Text:
    return Text("once" if count == 1 else f"{count} times", f"{count} 次")
