"""What goes over the wire and into objects: events, plans, totals of a day and of a fortnight, the report."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

__all__ = ["Batch", "Day", "EventIn", "Plan", "Receipt", "Report", "ReportRow", "Summary"]

Totals = dict[str, int]
"""Kind of event to the units used, for example `{"api.call": 1200}`."""

AccountName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")]


class EventIn(BaseModel):
    """One event as a customer's agent sends it. `id` is theirs, so that sending twice counts once."""

    id: Annotated[str, Field(min_length=8, max_length=40)]
    day: date
    kind: Annotated[str, Field(max_length=40)]
    quantity: Annotated[int, Field(ge=0)]
    source: Annotated[str, Field(max_length=60)]
    user_agent: Annotated[str, Field(max_length=200)] = ""
    attributes: dict[str, str] = {}


class Batch(BaseModel):
    """What `POST /v1/ingest` takes: up to 500 events of one account."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{4,60}$")]
    account: AccountName
    events: Annotated[list[EventIn], Field(min_length=1, max_length=500)]


class Receipt(BaseModel):
    """What `POST /v1/ingest` answers."""

    batch: str
    accepted: int


class Plan(BaseModel):
    """What an account has bought: object `plans/<account>.json`."""

    name: str
    quota: Totals


class Day(BaseModel):
    """An account's totals of one day: object `days/<account>/<day>.json`."""

    day: date
    totals: Totals


class Summary(BaseModel):
    """An account's totals of the fortnight that ends with `until`: object `summaries/<account>/<until>.json`."""

    until: date
    totals: Totals


class ReportRow(BaseModel):
    """One event as a report shows it."""

    id: str
    kind: str
    quantity: int


class Report(BaseModel):
    """What `GET /v1/report` answers."""

    account: str
    until: date
    plan: str
    quota: Totals
    used: Totals
    latest: list[ReportRow]
