"""What a JSON Web Token says, without asking whether it is true: for labels, never for access."""

import json
from base64 import urlsafe_b64decode
from functools import lru_cache
from typing import Any

__all__ = ["claim_of"]

_LONGEST_TOKEN = 16_384
"""Characters; servers refuse longer headers."""

_LONGEST_KNOWN = 2048


def claim_of(authorization: str, claim: str) -> str | None:
    """The claim of the bearer token in a header `Authorization`, or None if there is none or it cannot be read.

    A claim within objects is written with dots, `org.id`; a claim whose own name has dots is found first.
    Source: RFC 7519, section 3, and RFC 7515, section 3.1: three parts in base64url, of which the second is the JSON.

    Example:
        >>> claim_of("Bearer e30.eyJvcmciOiB7ImlkIjogNDJ9fQ.", "org.id")
        '42'
    """
    scheme, _, token = authorization.strip().partition(" ")
    parts = token.split(".")
    if scheme.lower() != "bearer" or len(parts) != 3 or len(token) > _LONGEST_TOKEN:
        return None
    return _known(parts[1], claim) if len(parts[1]) <= _LONGEST_KNOWN else _read(parts[1], claim)


def _read(payload: str, claim: str) -> str | None:
    try:
        said = json.loads(urlsafe_b64decode(payload + "=="))
    except (ValueError, RecursionError):
        return None
    found = _find(said, claim)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    try:
        return str(found)
    except ValueError:  # an integer of thousands of digits
        return None


_known = lru_cache(maxsize=512)(_read)
"""A client sends its token again and again. What is kept is the part in the middle, with which nobody can log in."""


def _find(said: Any, claim: str) -> Any:
    if not isinstance(said, dict):
        return None
    if claim in said:
        return said[claim]
    for name in claim.split("."):
        if not isinstance(said, dict):
            return None
        said = said.get(name)
    return said
