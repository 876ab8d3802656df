"""The events in the database: the table, and the questions that are asked of it."""

import json
from datetime import date
from functools import cache

from sqlalchemy import Date, Engine, String, Text, create_engine, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from reports.messages import Batch, ReportRow, Totals
from reports.settings import load

__all__ = ["Event", "Table", "accounts_of", "add_batch", "engine", "latest_events", "totals_of"]

PAGE = 25
"""Events that a report shows."""


class Table(DeclarativeBase):
    """The service's tables."""


class Event(Table):
    """One event with everything that was sent about it."""

    __tablename__ = "events"

    account: Mapped[str] = mapped_column(String(31), primary_key=True)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    day: Mapped[date] = mapped_column(Date, index=True)
    kind: Mapped[str] = mapped_column(String(40))
    quantity: Mapped[int]
    batch: Mapped[str] = mapped_column(String(60))
    source: Mapped[str] = mapped_column(String(60))
    user_agent: Mapped[str] = mapped_column(String(200))
    attributes: Mapped[str] = mapped_column(Text)


@cache
def engine() -> Engine:
    """The connection pool, made on first use."""
    return create_engine(load().database_url)


def latest_events(account: str, until: date) -> list[ReportRow]:
    """The account's newest events up to the end of the day `until`."""
    newest = (
        select(Event.id, Event.kind, Event.quantity)
        .where(Event.account == account, Event.day <= until)
        .order_by(Event.day.desc(), Event.id)
        .limit(PAGE)
    )
    with Session(engine()) as session:
        return [ReportRow(id=row.id, kind=row.kind, quantity=row.quantity) for row in session.execute(newest)]


def add_batch(batch: Batch) -> None:
    """The events of `batch` as rows; those that are there already stay as they are."""
    shared = {"account": batch.account, "batch": batch.id}
    rows = [{**event.model_dump(), **shared, "attributes": json.dumps(event.attributes)} for event in batch.events]
    with Session(engine()) as session:
        session.execute(insert(Event).on_conflict_do_nothing(), rows)
        session.commit()


def accounts_of(day: date) -> list[str]:
    """The accounts with an event on `day`, sorted."""
    with Session(engine()) as session:
        return list(session.scalars(select(Event.account).where(Event.day == day).distinct().order_by(Event.account)))


def totals_of(account: str, day: date) -> Totals:
    """The units that `account` used on `day`, by kind."""
    sums = select(Event.kind, func.sum(Event.quantity)).where(Event.account == account, Event.day == day).group_by(Event.kind)
    with Session(engine()) as session:
        return {kind: int(total) for kind, total in session.execute(sums)}
