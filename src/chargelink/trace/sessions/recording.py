"""The sessions of a recording, whatever tool made it."""

from collections.abc import Iterator

from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import Edition
from chargelink.trace.can_log import CanLog, Unreadable
from chargelink.trace.sessions.analyser import Analyser, Watch
from chargelink.trace.sessions.model import Session
from chargelink.trace.source import CannotRead, Source


class Recording:
    """Iterate once: sessions come as they end. `sessions` counts those that came; `watch` is told of every message."""

    def __init__(
        self, source: Source, form: str | None = None, edition: str = "auto", watch: Watch | None = None
    ) -> None:
        self.log = CanLog(source, form)
        self._live = source.live
        self._analyser = Analyser(None if edition == "auto" else Edition(edition), watch)
        self.sessions = 0

    def __iter__(self) -> Iterator[Session]:
        """Raises CannotRead where the recording breaks off, after the sessions that came until then.

        Ctrl-C ends a live recording like its end does, for whoever watches a bus wants to know what it was.
        """
        broken = None
        try:
            for batch in self.log:
                if isinstance(batch, Unreadable):
                    continue  # counted by the log
                self._analyser.batch(batch)
                yield from self._counted(self._analyser.finished())
        except CannotRead as error:
            broken = error
        except KeyboardInterrupt:
            if not self._live:
                raise
        yield from self._counted(self._analyser.close())
        if broken is not None:
            raise broken

    def _counted(self, sessions: list[Session]) -> list[Session]:
        self.sessions += len(sessions)
        return sessions

    def tally(self) -> str:
        """What was read, in words."""
        said = Text("{}, {} session{}", "{}，{} 次充电过程").format(
            self.log.tally(), self.sessions, "" if self.sessions == 1 else "s"
        )
        lines = self.log.unreadable
        if not lines:
            return said
        return said + Text(", {:,} unreadable line{}", "，{:,} 行无法识别").format(lines, "" if lines == 1 else "s")
