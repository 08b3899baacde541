"""What the edge asks the hub because somebody waits for the answer: bounded in number and in time.

A question outlives a connection: on the next one it is asked again, as it is, until it is answered or its time is over.
"""

import asyncio
from collections.abc import Callable

from chargelink.link.shape import Shape
from chargelink.wire import ChargelinkError

MOST = 16  # at once


class NoAnswerError(ChargelinkError):
    """The hub cannot be asked, or has not answered. With `heard` it may have heard the question, and done what it asks
    for.
    """

    def __init__(self, why: str, *, heard: bool) -> None:
        super().__init__(why)
        self.heard = heard


class Question:
    """A question whose time is over at the loop's second `until`."""

    def __init__(self, request: Shape, until: float) -> None:
        self.request = request
        self.until = until
        self.sent = False
        self.answer: asyncio.Future[Shape] = asyncio.get_running_loop().create_future()

    def answered(self, response: Shape) -> None:
        """The hub's answer; one that is late changes nothing."""
        if not self.answer.done():
            self.answer.set_result(response)

    def refused(self, why: str) -> None:
        """The hub did not want to be asked."""
        if not self.answer.done():
            self.answer.set_exception(NoAnswerError(why, heard=True))


class Questions:
    """The questions that wait. `wake` tells the connection that there is a new one."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self.waiting: list[Question] = []

    async def ask(self, request: Shape, within: float) -> Shape:
        """The answer, `within` so many seconds. Raises NoAnswerError."""
        if len(self.waiting) >= MOST:
            raise NoAnswerError(f"{MOST} questions wait for the hub already", heard=False)
        question = Question(request, asyncio.get_running_loop().time() + within)
        self.waiting.append(question)
        self._wake()
        try:
            async with asyncio.timeout_at(question.until):
                return await question.answer
        except TimeoutError:
            raise NoAnswerError("the hub did not answer in time", heard=question.sent) from None
        finally:
            self.waiting.remove(question)
