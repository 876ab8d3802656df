"""`gate --base` on a service: the base's program runs from the base's worktree."""

from pathlib import Path

import pytest

from cli.cli_project import change, make, report
from cli.cli_repository import track

CONFIG = """
pricebook = "prices.toml"

[bench]
min_samples = 3
seconds = 0.01

[[bench.service]]
name = "web"
command = ["python3", "work.py"]
spans = false

[[bench.service.request]]
route = "/page"
"""
PRICES = """
version = "1"
currency = "USD"

[[price]]
meter = "network.egress"
per = "GB"
price = 100
"""
WEB = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"x" * 2000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp=None):
        return "Thu, 26 Nov 2026 12:00:00 GMT"

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Door).serve_forever()
"""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not Path("/proc/self").exists(), reason="services are measured on Linux")]


@pytest.fixture
def project(tmp_path, monkeypatch):
    return track(make(tmp_path / "project", CONFIG, PRICES, WEB), monkeypatch)


def test_a_page_that_grows_fails(project):
    change(project, "2000", "3000")

    code, found = report(project, "gate", "--base")

    (route,) = found["routes"]
    assert code == 1
    assert route["verdict"] == "fail"
    assert 0.4 < float(route["ratio"]) < 0.5


def test_a_comment_passes(project):
    change(project, "import os", "import os  # for PORT")

    code, found = report(project, "gate", "--base")

    assert (code, found["verdict"]) == (0, "pass")
