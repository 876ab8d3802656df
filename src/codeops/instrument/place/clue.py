"""What one source says about the place of this process, and what the sources may look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Clue", "Surroundings"]


@dataclass(frozen=True, slots=True)
class Clue:
    """One label, and where it was read, in words that the user finds in his own files (`AWS_REGION`).

    `provider` is set where the clue speaks of a cloud only if the process runs there: programs everywhere set
    `AWS_REGION` to call S3. A clue without a value is one that could not be read.
    """

    label: str
    value: str
    origin: str
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that a source may read; no source opens a connection.

    `resource` holds OpenTelemetry resource attributes, `read_file` gives a file's text, empty when there is none, `machine` is the
    processor as the system names it (`x86_64`, `aarch64`).
    """

    resource: Mapping[str, object]
    environ: Mapping[str, str]
    read_file: Callable[[str], str]
    machine: str
