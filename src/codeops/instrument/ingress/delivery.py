"""The bytes of one response while they are handed over, and for whom they are counted."""

from contextvars import Context, copy_context

from codeops.core.attribute import ROUTE
from codeops.instrument import recorder

__all__ = ["SOON_BYTES", "Delivery"]

SOON_BYTES = 1 << 20
"""A body of at most this known length may be counted with its head, while the request's span is still open; one that is
longer is counted as it is handed over, because its client may go away before the end."""


class Delivery:
    """One request that came in, from its arrival until its response has been handed over.

    Bytes count for what works in the context that hands them over, or, after `keep`, in the context that kept it:
    some frameworks end the span of a request before they send the response.
    """

    __slots__ = ("_ahead", "_context", "_destination", "is_complete", "is_noted")

    def __init__(self, destination: str) -> None:
        self._destination = destination
        self._ahead = 0  # counted, and not handed over yet
        self._context: Context | None = None
        self.is_complete = False
        """Whether the last byte has been handed over: what the context does from then on is another matter."""
        self.is_noted = False
        """Whether the route has been asked for: it is known from the head of the response on."""

    def __reduce__(self) -> tuple[type["Delivery"], tuple[str]]:
        """A program may copy or pickle the scope in which this stands, which a context would not allow."""
        return Delivery, (self._destination,)

    def keep(self) -> None:
        """Counts for the present context from now on; the first one that is kept stays."""
        if self._context is None:
            self._context = copy_context()

    def add(self, size: int, *, ahead: int = 0) -> None:
        """Counts `size` bytes handed over, and `ahead` that will follow soon, unless they were counted ahead."""
        known = self._ahead
        if known or ahead:
            self._ahead = max(ahead, known - size)
            size = max(0, size + self._ahead - known)
        if self._context is None:
            recorder.egress(size, self._destination)
        elif size:
            self._context.run(recorder.egress, size, self._destination)

    def withdraw(self, size: int) -> None:
        """Takes back bytes that were counted but are not sent: as many of those to come are not counted."""
        self._ahead += size

    def note_route(self, route: str | None) -> None:
        """Labels the request with the template of its route."""
        self.is_noted = True
        if route:
            recorder.note(ROUTE, route)
