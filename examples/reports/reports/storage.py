"""The objects in the bucket: where each one lies, and how it is read and written."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from pydantic import BaseModel

from reports.messages import Batch, Day, Plan, Summary
from reports.settings import load

__all__ = ["FORTNIGHT", "client", "read_days", "read_plan", "read_summary", "write_batch", "write_day", "write_plan", "write_summary"]

FORTNIGHT = 14
"""Days that a summary covers."""


@cache
def client() -> Any:
    """The S3 client, made on first use and shared: it is thread-safe, and slow to make."""
    return boto3.client("s3", config=Config(s3={"addressing_style": "path"}))


def read_plan(account: str) -> Plan:
    """What `account` has bought."""
    found = client().get_object(Bucket=load().bucket, Key=f"plans/{account}.json")
    return Plan.model_validate_json(found["Body"].read())


def read_summary(account: str, until: date) -> Summary:
    """The fortnight's totals, as the nightly rollup left them."""
    found = client().get_object(Bucket=load().bucket, Key=f"summaries/{account}/{until}.json")
    return Summary.model_validate_json(found["Body"].read())


def read_days(account: str, until: date) -> Iterator[Day]:
    """Each day of the fortnight, oldest first; an object each, so this is for the nightly job."""
    for back in reversed(range(FORTNIGHT)):
        found = client().get_object(Bucket=load().bucket, Key=f"days/{account}/{until - timedelta(days=back)}.json")
        yield Day.model_validate_json(found["Body"].read())


def write_plan(account: str, plan: Plan) -> None:
    """What `account` has bought, from now on."""
    _write(f"plans/{account}.json", plan)


def write_day(account: str, day: Day) -> None:
    """One day's totals."""
    _write(f"days/{account}/{day.day}.json", day)


def write_summary(account: str, summary: Summary) -> None:
    """The fortnight's totals."""
    _write(f"summaries/{account}/{summary.until}.json", summary)


def write_batch(batch: Batch) -> None:
    """The batch as it came, for whoever asks later."""
    _write(f"batches/{batch.account}/{batch.id}.json", batch)


def _write(key: str, message: BaseModel) -> None:
    body = message.model_dump_json().encode()
    client().put_object(Bucket=load().bucket, Key=key, Body=body, ContentType="application/json")
