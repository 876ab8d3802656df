"""What the benchmark's surroundings promise: two of them are alike, and nothing is left of them."""

import os
from pathlib import Path

from fastapi.testclient import TestClient

from reports.app import app
from reports.bench import UNTIL, environment
from reports.settings import load


def test_two_surroundings_answer_the_same_bytes_and_leave_nothing_behind() -> None:
    before = dict(os.environ)
    answers, databases = [], []

    for _ in range(2):
        with environment(), TestClient(app) as client:
            databases.append(Path(load().database_url.removeprefix("sqlite:///")))
            assert databases[-1].is_file()
            answers.append(client.get(f"/v1/report?account=globex&until={UNTIL}").content)

    assert answers[0] == answers[1]
    assert databases[0] != databases[1]
    assert not any(database.exists() for database in databases)
    assert dict(os.environ) == before
