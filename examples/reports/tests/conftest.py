"""The service as its tests see it: the real app, a real S3 server, a real database file."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from reports.app import app
from reports.bench import environment


@pytest.fixture(scope="module")
def service() -> Iterator[TestClient]:
    with environment(), TestClient(app) as client:
        yield client
