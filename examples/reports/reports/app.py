"""The two routes."""

from datetime import date
from typing import Annotated

from botocore.exceptions import ClientError
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse

from reports.database import add_batch, latest_events
from reports.messages import Batch, Receipt, Report, ReportRow
from reports.storage import read_plan, read_summary, write_batch

__all__ = ["app"]

app = FastAPI(title="reports")


@app.get("/v1/report")
def report(account: Annotated[str, Query(max_length=31)], until: date) -> Report:
    """What an account used in the fortnight that ends with the day `until`, and its newest events."""
    plan = read_plan(account)
    summary = read_summary(account, until)
    rows = latest_events(account, until)
    return Report(
        account=account,
        until=until,
        plan=plan.name,
        quota=plan.quota,
        used=summary.totals,
        latest=[ReportRow(id=row.id, kind=row.kind, quantity=row.quantity) for row in rows],
    )


@app.post("/v1/ingest", status_code=202)
def ingest(batch: Batch) -> Receipt:
    """A batch of events is kept as it came, and its events can be asked for from now on."""
    write_batch(batch)
    add_batch(batch)
    return Receipt(batch=batch.id, accepted=len(batch.events))


@app.exception_handler(ClientError)
def unknown_account(_: Request, error: Exception) -> JSONResponse:
    """An object that is not there is an account, or a day, that we do not know."""
    raise error
