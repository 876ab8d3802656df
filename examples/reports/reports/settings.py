"""Where the service finds its bucket and its database: the environment, read once."""

import os
from dataclasses import dataclass
from functools import cache

__all__ = ["Settings", "load"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The service's surroundings. The AWS client reads its own (`AWS_REGION`, `AWS_ENDPOINT_URL`, keys)."""

    bucket: str
    database_url: str


@cache
def load() -> Settings:
    """`REPORTS_BUCKET` and `REPORTS_DATABASE_URL`.

    Raises: KeyError when one of them is not set.
    """
    return Settings(bucket=os.environ["REPORTS_BUCKET"], database_url=os.environ["REPORTS_DATABASE_URL"])
