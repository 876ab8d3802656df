"""What an application answered to one request: status, the first of its body, and how many bytes it sends."""

from collections.abc import Iterable

from codeops.core.errors import UnexpectedStatus
from codeops.core.suite import RequestCase, ServiceCase
from codeops.instrument.response import head_size

__all__ = ["Answer"]

_KEPT_BYTES = 400


class Answer:
    """One response as it is handed over.

    Units: `sent_bytes` is status line, headers and body as HTTP/1.1 writes them; what a server adds of its own
    (Date, Server, the lengths of chunks) is not in it, nor is TLS.
    """

    __slots__ = ("beginning", "sent_bytes", "status")

    def __init__(self) -> None:
        self.status = 0
        self.sent_bytes = 0
        self.beginning = b""

    def start(self, status: int, phrase: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Takes status and headers."""
        self.status = status
        self.sent_bytes += head_size(status, phrase, headers)

    def body(self, chunk: bytes) -> None:
        """Takes a part of the body."""
        self.sent_bytes += len(chunk)
        if len(self.beginning) < _KEPT_BYTES:
            self.beginning += bytes(chunk[:_KEPT_BYTES])

    @staticmethod
    def headers_of(case: RequestCase) -> list[tuple[str, str]]:
        """The request's headers, with those that each client sends."""
        given = {name.lower() for name, _ in case.headers}
        own = [("host", "localhost")]
        if case.body:
            own.append(("content-length", str(len(case.body))))
        return [*(header for header in own if header[0] not in given), *case.headers]

    def demand(self, case: RequestCase | ServiceCase) -> None:
        """Nothing, or `UnexpectedStatus` when it is not the answer that the suite expects."""
        if self.status == case.expect_status:
            return
        first = self.beginning.decode("utf-8", "replace").strip().split("\n", 1)[0][:200]
        raise UnexpectedStatus(
            f"{case.method.upper()} {case.path} answered {self.status or 'nothing'}, expected {case.expect_status}",
            why=f"the body begins with: {first}" if first else "the body is empty",
            fix="correct the request (path, headers, body), or set expect_status",
        )
