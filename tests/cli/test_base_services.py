"""`gate --base` on a service: the base's program runs from the base's worktree."""

import os
import subprocess
from pathlib import Path

import pytest

from cli.cli_project import report
from codeops.repository import ancestor

CONFIG = """
pricebook = "prices.toml"

[bench]
min_samples = 3
seconds = 0.01

[[bench.service]]
name = "web"
command = ["python3", "web.py"]
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
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for name in ancestor._TARGETS:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in (("codeops.toml", CONFIG), ("prices.toml", PRICES), ("web.py", WEB)):
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "a commit")
    git(folder, "switch", "-q", "-c", "work")
    return folder


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=e@x")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def edit(folder: Path, old: str, new: str) -> None:
    text = (folder / "web.py").read_text(encoding="utf-8")
    assert old in text
    (folder / "web.py").write_text(text.replace(old, new), encoding="utf-8")


def test_a_page_that_grows_fails(project):
    edit(project, "2000", "3000")

    code, found = report(project, "gate", "--base")

    (route,) = found["routes"]
    assert code == 1
    assert route["verdict"] == "fail"
    assert 0.4 < float(route["ratio"]) < 0.5


def test_a_comment_passes(project):
    edit(project, "import os", "import os  # for PORT")

    code, found = report(project, "gate", "--base")

    assert (code, found["verdict"]) == (0, "pass")
