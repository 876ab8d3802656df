"""What the nightly job leaves behind."""

from fastapi.testclient import TestClient

from reports.bench import ACCOUNTS, EVENTS_A_DAY, UNTIL
from reports.rollup import roll_up

THIRTEEN_SEEDED_DAYS = sum(1000 + back for back in range(1, 14))


def used(service: TestClient, account: str) -> dict[str, int]:
    answer: dict[str, int] = service.get("/v1/report", params={"account": account, "until": str(UNTIL)}).json()["used"]
    return answer


def test_the_fortnight_is_thirteen_days_and_the_day_that_was_rolled_up(service: TestClient) -> None:
    accounts = roll_up(UNTIL)

    assert accounts == len(ACCOUNTS)
    for account in ACCOUNTS:
        assert sum(used(service, account).values()) == 3 * THIRTEEN_SEEDED_DAYS + sum(10 + number % 90 for number in range(EVENTS_A_DAY))


def test_the_job_gives_the_same_figures_when_it_is_done_again(service: TestClient) -> None:
    roll_up(UNTIL)
    first = used(service, "acme")

    roll_up(UNTIL)

    assert used(service, "acme") == first
