"""How many bytes a response is as HTTP/1.1 writes it: status line, headers and body.

What a server adds of its own (Date, Server, the lengths of chunks) is not in it, nor is TLS.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from http import HTTPStatus

__all__ = ["declared_length", "has_body", "head_size", "phrase_of"]

_Text = str | bytes
_AROUND_STATUS = len("HTTP/1.1 ") + len("\r\n") + len("\r\n")
_AROUND_HEADER = len(": ") + len("\r\n")


def head_size(status: int | str, phrase: str, headers: Iterable[tuple[_Text, _Text]]) -> int:
    r"""Bytes of the status line and of all headers, with the empty line that ends them.

    Example:
        >>> head_size(200, "OK", [(b"content-type", b"text/plain")]) == len("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n")
        True
    """
    size = _AROUND_STATUS + len(str(status)) + 1 + len(phrase)
    for name, value in headers:
        size += len(name) + len(value) + _AROUND_HEADER
    return size


@lru_cache(maxsize=1024)
def phrase_of(status: int) -> str:
    """The words that HTTP gives a status; none for one that it does not know."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def has_body(method: str, status: int) -> bool:
    """Whether a server sends what the application hands over as the body of such a response.

    Source: RFC 9110, section 6.4.1: none for HEAD, 1xx, 204 and 304.
    """
    return method != "HEAD" and status >= 200 and status not in {204, 304}


def declared_length(headers: Collection[tuple[_Text, _Text]]) -> int | None:
    """What Content-Length says; None if it is missing or no number."""
    for name, value in headers:
        if len(name) == 14 and name.lower() in {"content-length", b"content-length"}:
            return int(value) if value.isdigit() else None
    return None
