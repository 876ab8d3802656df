"""Requests to an ASGI application in this process, and the bytes it hands over to be sent."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote

from codeops.bench.answer import Answer
from codeops.core.errors import FailedCall
from codeops.core.suite import RequestCase
from codeops.instrument.response import phrase_of

__all__ = ["Application", "Lifespan", "call"]

Application = Callable[[MutableMapping[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


class Lifespan:
    """The application's start and end, as a server tells it about them.

    Source: ASGI specification 3.0, lifespan protocol 2.0, https://asgi.readthedocs.io/en/latest/specs/lifespan.html.
    """

    def __init__(self, app: Application, name: str) -> None:
        self.state: dict[str, Any] = {}
        self._app, self._name = app, name
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Waits until the application is ready; one without a lifespan is.

        Raises: FailedCall when it says that it cannot start.
        """
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._task = asyncio.ensure_future(self._app(scope, self._inbox.get, self._outbox.put))  # type: ignore[arg-type, unused-ignore]
        answer = await self._tell(self._task, "lifespan.startup")
        if answer.get("type") == "lifespan.startup.failed":
            await asyncio.wait([self._task])
            raise FailedCall(
                f"{self._name} could not start",
                why=str(answer.get("message", "")).strip().rpartition("\n")[2] or "its lifespan failed without a message",
                fix="start the application by itself first; what it needs can be started by setup under [bench]",
            )

    async def stop(self) -> None:
        """Waits until the application has ended."""
        if self._task is not None and not self._task.done():
            await self._tell(self._task, "lifespan.shutdown")
            await asyncio.wait([self._task], timeout=5)
            self._task.cancel()

    async def _tell(self, running: asyncio.Task[None], event: str) -> dict[str, Any]:
        """The application's answer, or an empty one if it ended instead: then it knows no lifespan."""
        await self._inbox.put({"type": event})
        answer = asyncio.ensure_future(self._outbox.get())
        await asyncio.wait([running, answer], return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        answer.cancel()
        running.exception()  # asked for, so that asyncio does not report it: the specification allows to raise here
        return {}


async def call(app: Application, case: RequestCase, state: Mapping[str, Any], answer: Answer) -> Any:
    """Makes one request as a server does, in a task of its own, until the application returns.

    Returns the function that answered, where the framework leaves it in the scope as Starlette and FastAPI do.
    """
    exchange = _Exchange(case, answer, state)
    try:
        await asyncio.create_task(exchange.make(app))  # type: ignore[arg-type]
    except Exception:
        if answer.status != case.expect_status:  # frameworks answer 500 and raise: fine where 500 is what is measured
            raise
    return exchange.scope.get("endpoint")


class _Exchange:
    def __init__(self, case: RequestCase, answer: Answer, state: Mapping[str, Any]) -> None:
        self._case, self._answer = case, answer
        self._is_sent = False
        self._is_complete = asyncio.Event()
        self.scope = self._scope(state)

    def make(self, app: Application) -> Awaitable[None]:
        return app(self.scope, self._receive, self._send)

    def _scope(self, state: Mapping[str, Any]) -> dict[str, Any]:
        path, _, query = self._case.path.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": self._case.method.upper(),
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self._answer.headers_of(self._case)],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": dict(state),
        }

    async def _receive(self) -> dict[str, Any]:
        if not self._is_sent:
            self._is_sent = True
            return {"type": "http.request", "body": self._case.body, "more_body": False}
        await self._is_complete.wait()  # a client that stays until it has everything
        return {"type": "http.disconnect"}

    async def _send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._answer.start(message["status"], phrase_of(message["status"]), message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self._answer.body(message.get("body", b""))
            if not message.get("more_body", False):
                self._is_complete.set()
