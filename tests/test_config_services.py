"""`[[bench.service]]` and `time_budget`: what is read, and that each slip is refused with its line."""

from pathlib import Path

import pytest

from codeops.config import Config, load
from codeops.core.errors import CodeOpsError

SERVICE = """
[bench]
warmup = 3
time_budget = "2m"
[[bench.service]]
name = "orders"
command = ["node", "server.js", "{port}"]
env = { LEVEL = "warn" }
ready = "/healthz"
ready_timeout_s = 4
[[bench.service.request]]
route = "GET /orders"
path = "/orders?limit=3"
[[bench.service.request]]
route = "/orders"
method = "post"
json = { items = [7] }
expect_status = 201
"""


def loaded(folder: Path, text: str) -> Config:
    (folder / "codeops.toml").write_text(text, encoding="utf-8")
    return load(None, str(folder))


def test_a_service_and_its_requests_arrive(tmp_path: Path) -> None:
    config = loaded(tmp_path, SERVICE)

    (service,) = config.suite.services
    listed, placed = config.suite.service_requests
    assert (service.command, service.ready, service.ready_timeout_s) == (("node", "server.js", "{port}"), "/healthz", 4.0)
    assert (service.service_name, service.spans, service.env) == ("orders", True, {"LEVEL": "warn"})
    assert (listed.route, listed.path, listed.method, listed.service) == ("GET /orders", "/orders?limit=3", "GET", "orders")
    assert (placed.method, placed.body, placed.headers) == ("POST", b'{"items":[7]}', (("content-type", "application/json"),))
    assert config.suite.cases == config.suite.service_requests
    assert (config.suite.plan.warmup, config.time_budget_s) == (3, 120.0)


def test_a_command_on_one_line_is_the_shells(tmp_path: Path) -> None:
    config = loaded(tmp_path, SERVICE.replace('["node", "server.js", "{port}"]', '"exec node server.js $PORT"'))

    assert config.suite.services[0].command == ("/bin/sh", "-c", "exec node server.js $PORT")


@pytest.mark.parametrize(("text", "seconds"), [("90", 90.0), ("1.5", 1.5), ('"90s"', 90.0), ('"2 min"', 120.0), ('"0.5h"', 1800.0)])
def test_a_time_budget_is_seconds_or_a_duration(tmp_path: Path, text: str, seconds: float) -> None:
    assert loaded(tmp_path, f"[bench]\ntime_budget = {text}\n").time_budget_s == seconds


def test_a_port_may_tell_that_a_service_is_ready(tmp_path: Path) -> None:
    assert loaded(tmp_path, SERVICE.replace('"/healthz"', "9000")).suite.services[0].ready == ":9000"


@pytest.mark.parametrize(
    ("old", "new", "line", "title"),
    [
        ('"2m"', '"soon"', 4, "time_budget is soon, not a duration"),
        ('"2m"', "true", 4, "time_budget is True, not a duration"),
        ('"2m"', "0", 4, "time_budget is 0"),
        ("warmup = 3", "counter = 3", 3, "counter"),
        ('["node", "server.js", "{port}"]', "[]", 5, "orders has no command"),
        ('"/healthz"', '"healthz"', 9, "ready is healthz"),
        ('"/healthz"', "70000", 9, "orders is ready at port 70000"),
        ("ready_timeout_s = 4", "ready_timeout_s = 0", 10, "ready_timeout_s is 0"),
        ('path = "/orders?limit=3"', "", 11, "GET /orders has no path"),
        ('route = "GET /orders"', 'route = "/orders"', 14, "/orders is measured twice"),
        ("json = { items", 'body = "x"\njson = { items', 14, "/orders has two bodies"),
        ("ready = ", "readi = ", 9, "readi"),
    ],
)
def test_each_slip_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, title: str) -> None:
    assert old in SERVICE

    with pytest.raises(CodeOpsError) as caught:
        loaded(tmp_path, SERVICE.replace(old, new))

    location = caught.value.location
    assert title in caught.value.title
    assert location is not None
    assert (Path(location.path).name, location.line) == ("codeops.toml", line)


def test_a_service_that_is_asked_nothing_or_named_twice_is_refused(tmp_path: Path) -> None:
    head = SERVICE.partition("[[bench.service.request]]")[0]

    with pytest.raises(CodeOpsError, match="orders is asked nothing"):
        loaded(tmp_path, head)
    with pytest.raises(CodeOpsError, match="orders is started twice"):
        loaded(
            tmp_path,
            SERVICE
            + SERVICE.partition('time_budget = "2m"')[2].replace("orders", "others").replace('"others"\ncommand', '"orders"\ncommand'),
        )
