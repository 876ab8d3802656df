"""What the two routes answer."""

from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient

from reports import storage
from reports.bench import UNTIL
from reports.database import totals_of
from reports.settings import load

NEXT_DAY = UNTIL + timedelta(days=1)


def batch(**changes: Any) -> dict[str, Any]:
    event = {"id": "01jbj8r000000001", "day": str(NEXT_DAY), "kind": "api.call", "quantity": 12, "source": "worker-1"}
    return {"id": "umbra-0001", "account": "umbra", "events": [event], **changes}


def test_a_report_has_the_plan_the_fortnight_and_the_newest_events(service: TestClient) -> None:
    answer = service.get("/v1/report", params={"account": "acme", "until": str(UNTIL)})

    assert answer.status_code == 200
    report = answer.json()
    assert report["plan"] == "team"
    assert report["used"]["api.call"] == sum(1000 + back for back in range(1, 14)) + sum(10 + number % 90 for number in range(0, 150, 3))
    assert [row["id"] for row in report["latest"]] == [f"01jbfz8m{number:012d}" for number in range(25)]
    assert (report["latest"][1]["kind"], report["latest"][1]["quantity"]) == ("export.row", 11)


def test_a_report_is_the_same_bytes_each_time(service: TestClient) -> None:
    first, second = (service.get(f"/v1/report?account=acme&until={UNTIL}").content for _ in range(2))

    assert first == second


def test_an_account_nobody_knows_is_not_found(service: TestClient) -> None:
    assert service.get(f"/v1/report?account=nobody&until={UNTIL}").status_code == 404


def test_a_batch_is_kept_as_it_came_and_its_events_can_be_asked_for(service: TestClient) -> None:
    answer = service.post("/v1/ingest", json=batch(account="acme"))

    assert (answer.status_code, answer.json()) == (202, {"batch": "umbra-0001", "accepted": 1})
    kept = storage.client().get_object(Bucket=load().bucket, Key="batches/acme/umbra-0001.json")["Body"].read()
    assert b'"quantity":12' in kept
    assert totals_of("acme", NEXT_DAY) == {"api.call": 12}


def test_a_batch_that_comes_twice_counts_once(service: TestClient) -> None:
    for _ in range(2):
        assert service.post("/v1/ingest", json=batch()).status_code == 202

    assert totals_of("umbra", NEXT_DAY) == {"api.call": 12}


def test_a_batch_without_events_or_with_a_negative_quantity_is_refused(service: TestClient) -> None:
    negative = {**batch()["events"][0], "quantity": -1}

    assert service.post("/v1/ingest", json=batch(events=[])).status_code == 422
    assert service.post("/v1/ingest", json=batch(events=[negative])).status_code == 422
