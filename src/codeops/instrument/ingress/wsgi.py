"""Requests that reach a WSGI application: their tenant, their route, and the bytes sent back.

Source: PEP 3333, https://peps.python.org/pep-3333/, read 2026-11-23.
"""

import os
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from functools import partial
from typing import Any

from codeops.core.attribute import TENANT
from codeops.instrument import network, recorder, tenant
from codeops.instrument.guard import complain, guarded
from codeops.instrument.ingress.asgi import MARK, delivering
from codeops.instrument.ingress.delivery import SOON_BYTES, Delivery
from codeops.instrument.response import declared_length, has_body, head_size

__all__ = ["Application", "Request", "Wsgi", "arrived"]

Environ = MutableMapping[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Route = Callable[[Environ], str | None]


class Wsgi:
    """Middleware for any WSGI application: the one to use where no framework is hooked, outermost.

    Example:
        >>> def app(environ, start_response): ...
        >>> app = Wsgi(app)
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers as the application does."""
        request = arrived(environ)
        if request is None:
            return self._app(environ, start_response)
        return request.answered(self._app, start_response)


def arrived(environ: Environ, route: Route = lambda _: None) -> "Request | None":
    """What to count of a request that came in; None if it is being counted already. `route` finds its template."""
    outer = delivering.get()
    if MARK in environ or (outer is not None and not outer.is_complete):
        return None
    try:
        return Request(environ, route)
    except Exception as problem:  # ruff: ignore[blind-except] - no fault of ours reaches the program
        complain(problem)
        return None


class Request:
    """One request, from its arrival until its response is closed."""

    __slots__ = ("_delivery", "_environ", "_files", "_has_body", "_head", "_length", "_original", "_route", "_tenant")

    def __init__(self, environ: Environ, route: Route) -> None:
        self._environ, self._route = environ, route
        self._has_body = True
        self._length: int | None = None
        self._head = 0
        self._delivery = environ[MARK] = Delivery(self._destination())
        self._files: list[Any] = []
        self._tenant = tenant.entered(self._header, environ)
        if self._tenant is not None and (name := tenant.current()) is not None:
            recorder.note(TENANT, name)

    def answered(self, app: Application, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The application's response, counted."""
        self._original = start_response
        if "wsgi.file_wrapper" in self._environ:
            guarded(self._watch_files)
        try:
            result = app(self._environ, self._start_response)
        except BaseException:
            self.end()
            raise
        if type(result) in {list, tuple}:  # handed over at once, and a server may ask for its length
            guarded(self._note_chunks, result)
        elif (size := self._size_of(result)) is not None:  # a file that the server may send without reading it
            guarded(self._delivery.add, size)
        else:
            return _Sized(self, result) if hasattr(result, "__len__") else _Body(self, result)
        self.end()
        return result

    def end(self) -> None:
        """Leaves the context as it was found."""
        try:
            self._leave()
        except Exception as problem:  # ruff: ignore[blind-except] - no fault of ours reaches the program
            complain(problem)

    def _leave(self) -> None:
        if self._tenant is not None:
            tenant.left(self._tenant)
            self._tenant = None
        self._delivery.is_complete = True

    def add(self, chunk: bytes) -> None:
        """Counts a part of the body."""
        if self._has_body:
            self._delivery.add(len(chunk))

    def _start_response(self, status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], Any]:
        write = self._original(status, headers) if exc_info is None else self._original(status, headers, exc_info)
        try:
            self._note_head(status, headers)
        except Exception as problem:  # ruff: ignore[blind-except] - no fault of ours reaches the program
            complain(problem)
        return partial(self._written, write)

    def _written(self, write: Callable[[bytes], Any], data: bytes) -> Any:
        answer = write(data)
        guarded(self.add, data)
        return answer

    def _note_head(self, status: str, headers: list[tuple[str, str]]) -> None:
        delivery = self._delivery
        if self._head:  # an error after the first head, which is not sent
            delivery.withdraw(self._head)
        self._head = head_size(status[:3], status[4:], headers)
        self._has_body = has_body(self._environ.get("REQUEST_METHOD", "GET"), int(status[:3]))
        self._length = declared_length(headers) if self._has_body else 0
        delivery.keep()
        if self._length and self._length <= SOON_BYTES:
            delivery.add(self._head, ahead=self._length)
        else:
            delivery.add(self._head)
        if not delivery.is_noted:
            delivery.note_route(self._route(self._environ))

    def _note_chunks(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            self.add(chunk)

    def _size_of(self, result: Any) -> int | None:
        """Bytes of a file that the server sends by itself; None for anything else, and where only reading it would tell."""
        try:
            if not self._is_file(result):
                return None
            if not self._has_body or self._length is not None:
                return self._length if self._has_body else 0
            return _rest_of(getattr(result, "filelike", None) or result.file)
        except (AttributeError, OSError):  # neither a file of the system nor one with a position
            return None
        except Exception as problem:  # ruff: ignore[blind-except] - no fault of ours reaches the program
            complain(problem)
            return None

    def _watch_files(self) -> None:
        """Servers written in C know their own wrapper by what it returned, which is remembered here; it is no class there."""
        wrapper = self._environ.get("wsgi.file_wrapper")
        if wrapper is None or isinstance(wrapper, type):
            return

        def remembering(*args: Any) -> Any:
            made = wrapper(*args)
            self._files.append(made)
            return made

        self._environ["wsgi.file_wrapper"] = remembering

    def _is_file(self, result: Any) -> bool:
        wrapper = self._environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type):
            return isinstance(result, wrapper)
        return bool(self._files) and any(result is file for file in self._files)

    def _destination(self) -> str:
        environ = self._environ
        return network.destination_of_client(
            environ.get("REMOTE_ADDR") or "", environ.get("HTTP_X_FORWARDED_FOR") or environ.get("HTTP_FORWARDED")
        )

    def _header(self, name: str) -> str | None:
        value: str | None = self._environ.get("HTTP_" + name.upper().replace("-", "_"))
        return value


def _rest_of(file: Any) -> int:
    """Bytes from where a file stands to its end."""
    try:
        descriptor = file.fileno()
    except (AttributeError, OSError):
        start = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(start)
        return int(end - start)
    return os.fstat(descriptor).st_size - os.lseek(descriptor, 0, os.SEEK_CUR)


class _Body:
    """What an application returned, counted as the server takes it."""

    __slots__ = ("_chunks", "_request", "_result")

    def __init__(self, request: Request, result: Iterable[bytes]) -> None:
        self._request, self._result = request, result
        self._chunks = _counted(request, result)

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        """Closes what the application returned."""
        try:
            close = getattr(self._result, "close", None)
            if close is not None:
                close()
        finally:
            self._request.end()


def _counted(request: Request, chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        try:
            request.add(chunk)
        except Exception as problem:  # ruff: ignore[blind-except] - no fault of ours reaches the program
            complain(problem)
        yield chunk


class _Sized(_Body):
    """The same, of a response that knows how many parts it has: a server then declares the length of a single one."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._result)  # type: ignore[arg-type]
