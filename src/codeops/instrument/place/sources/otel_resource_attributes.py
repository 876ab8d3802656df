"""`OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`, which a program without an SDK would not see."""

from collections.abc import Iterator
from urllib.parse import unquote

from codeops.instrument.place import attributes
from codeops.instrument.place.clue import Clue, Surroundings

__all__ = ["PRECEDENCE", "clues"]

PRECEDENCE = 80


def clues(around: Surroundings) -> Iterator[Clue]:
    """The labels of the attributes in the environment.

    Source: https://opentelemetry.io/docs/specs/otel/resource/sdk/ (values are percent-encoded, and
    `OTEL_SERVICE_NAME` goes before `service.name`).
    """
    pairs = [entry.partition("=") for entry in around.environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")]
    given = {name.strip(): unquote(value.strip()) for name, _, value in pairs}
    service = around.environ.get("OTEL_SERVICE_NAME", "")
    if service:
        yield Clue("service", service, "OTEL_SERVICE_NAME")
        given.pop("service.name", None)
    yield from attributes.clues_of(given, "OTEL_RESOURCE_ATTRIBUTES")
