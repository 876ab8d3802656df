"""The two routes."""

from datetime import date
from typing import Annotated

from botocore.exceptions import ClientError
from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse

from reports.database import add_batch, latest_events
from reports.messages import Batch, Receipt, Report
from reports.storage import read_plan, read_summary, write_batch

__all__ = ["app"]

app = FastAPI(title="reports")


@app.get("/v1/report")
def report(account: Annotated[str, Query(max_length=31)], until: date) -> Report:
    """What an account used in the fortnight that ends with the day `until`, and its newest events."""
    plan = read_plan(account)
    summary = read_summary(account, until)
    return Report(
        account=account,
        until=until,
        plan=plan.name,
        quota=plan.quota,
        used=summary.totals,
        latest=latest_events(account, until),
    )


@app.post("/v1/ingest", status_code=202)
def ingest(batch: Batch) -> Receipt:
    """A batch of events is kept as it came, and its events can be asked for from now on."""
    write_batch(batch)
    add_batch(batch)
    return Receipt(batch=batch.id, accepted=len(batch.events))


@app.exception_handler(ClientError)
def missing_object(_: Request, error: ClientError) -> JSONResponse:
    """Not found, for an account or a day that has no object; anything else from the cloud is an error of ours."""
    if error.response["Error"]["Code"] != "NoSuchKey":
        raise error
    return JSONResponse({"detail": "there is no such account or day"}, status_code=404)
