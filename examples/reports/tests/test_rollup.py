"""What the nightly job leaves behind."""

from fastapi.testclient import TestClient

from reports import storage
from reports.bench import ACCOUNTS, EVENTS_A_DAY, UNTIL
from reports.rollup import roll_up, sum_up


def used(service: TestClient, account: str) -> dict[str, int]:
    answer: dict[str, int] = service.get("/v1/report", params={"account": account, "until": str(UNTIL)}).json()["used"]
    return answer


def test_the_job_writes_the_day_and_the_fortnight_of_each_active_account(service: TestClient) -> None:
    accounts = roll_up(UNTIL)

    assert accounts == len(ACCOUNTS)
    for account in ACCOUNTS:
        days = storage.read_days(account, UNTIL)
        assert sum(days[-1].totals.values()) == sum(10 + number % 90 for number in range(EVENTS_A_DAY))
        assert used(service, account) == sum_up(days)


def test_the_job_gives_the_same_figures_when_it_is_done_again(service: TestClient) -> None:
    roll_up(UNTIL)
    first = used(service, "acme")

    roll_up(UNTIL)

    assert used(service, "acme") == first
