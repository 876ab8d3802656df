"""What stands around the service while its cost is measured: an S3 server, a database, and data that never changes."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

from reports import database, rollup, settings, storage
from reports.messages import Batch, Day, EventIn, Plan

__all__ = ["ACCOUNTS", "EVENTS_A_DAY", "UNTIL", "environment", "nightly_rollup"]

UNTIL = date(2026, 10, 31)
"""The day that all reports end with: nothing here looks at a clock."""

ACCOUNTS = ("acme", "globex")

EVENTS_A_DAY = 150
"""Events of each account on the day that is rolled up."""

_KINDS = ("api.call", "export.row", "storage.gib")

# S3 in a process of its own, so that its CPU time is not counted as the service's. It says which port the system
# gave it, and ends with its parent: when the parent is gone, however it went, standard input ends.
_S3_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def environment() -> Generator[None]:
    """S3, the database and the settings, seeded; all gone at the end."""
    with tempfile.TemporaryDirectory(prefix="reports-") as folder, _s3_server() as endpoint:
        surroundings = {
            "AWS_ACCESS_KEY_ID": "example",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "REPORTS_BUCKET": "reports",
            "REPORTS_DATABASE_URL": f"sqlite:///{Path(folder, 'reports.db')}",
        }
        with patch.dict(os.environ, surroundings):
            try:
                _seed()
                yield
            finally:
                _forget()


def nightly_rollup() -> None:
    """The job, for one fixed night."""
    rollup.roll_up(UNTIL)


@contextmanager
def _s3_server() -> Generator[str]:
    """The address of an S3 server that runs as long as the block."""
    command = [sys.executable, "-c", _S3_SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            if not port:
                message = "the S3 server did not start; is moto[server] installed?"
                raise RuntimeError(message)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _seed() -> None:
    """Two accounts with a plan, thirteen rolled-up days and one day of events that the job then rolls up."""
    storage.client().create_bucket(Bucket=settings.load().bucket)
    database.Table.metadata.create_all(database.engine())
    for account in ACCOUNTS:
        storage.write_plan(account, Plan(name="team", quota=dict.fromkeys(_KINDS, 1_000_000)))
        for back in range(1, storage.FORTNIGHT):
            storage.write_day(account, Day(day=UNTIL - timedelta(days=back), totals=dict.fromkeys(_KINDS, 1000 + back)))
        database.add_batch(_batch(account))
    rollup.roll_up(UNTIL)


def _batch(account: str) -> Batch:
    return Batch(id=f"{account}-{UNTIL}", account=account, events=[_event(number) for number in range(EVENTS_A_DAY)])


def _event(number: int) -> EventIn:
    """An event as agents send them: what a report shows is a small part of it."""
    return EventIn(
        id=f"01jbfz8m{number:012d}",
        day=UNTIL,
        kind=_KINDS[number % len(_KINDS)],
        quantity=10 + number % 90,
        source=f"worker-{number % 8}.eu.internal.example",
        user_agent="reports-agent/3.2.1 (linux; x86_64) python/3.12",
        attributes={
            "request_id": f"{number:032x}",
            "endpoint": f"/api/v2/projects/{number % 40}/objects",
            "project": f"project-{number % 40:03d}",
            "deployment": "production-blue",
            "http.status": "200",
        },
    )


def _forget() -> None:
    """The next environment gets connections and settings of its own."""
    storage.client().close()
    database.engine().dispose()
    for made_once in (storage.client, database.engine, settings.load):
        made_once.cache_clear()
