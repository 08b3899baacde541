"""The two languages of everything that is shown to people.

The language is chosen once, when the command starts: by `--lang`, else by the locale of the environment. Text is
written in both languages at the place where it is used, so neither can be forgotten when the other changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")  # in the order of POSIX, XBD 8.2


class Language(StrEnum):
    """What can be asked for with `--lang`."""

    ENGLISH = "en"
    CHINESE = "zh"


_spoken = Language.ENGLISH


def speak(language: Language) -> None:
    """Choose the language of every `Text` from now on."""
    global _spoken  # noqa: PLW0603 - the one place: a process speaks one language
    _spoken = language


def spoken() -> Language:
    """The language chosen."""
    return _spoken


def of_environment(environment: Mapping[str, str]) -> Language:
    """The language of the first locale variable that is set; English where it names neither language."""
    locale = next((environment[name] for name in LOCALE_VARIABLES if environment.get(name)), "")
    return Language.CHINESE if locale.lower().startswith("zh") else Language.ENGLISH


@dataclass(frozen=True, slots=True)
class Text:
    """One thing said in both languages: `Text("frames", "帧")`. `str(text)` is the one to show."""

    english: str
    chinese: str

    def __str__(self) -> str:
        return self.chinese if _spoken is Language.CHINESE else self.english

    def format(self, *values: object, **named: object) -> str:
        """The text in the chosen language with its `{}` filled in, as `str.format` does."""
        return str(self).format(*values, **named)
