"""What `codeops init` finds in a project, without running any of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from codeops.scaffold import Found, detect

FASTAPI = """
from fastapi import FastAPI
app = FastAPI()

@app.get("/health")
def health(): return {}

@app.get("/items/{item}")
def item(item: int): return {}

@app.post("/orders")
def order(): return {}

@app.get("/items")
async def items(): return []
"""
ROUTED = """
from fastapi import FastAPI
from shop import users
from shop.orders import router as orders
app: FastAPI = FastAPI()
app.include_router(users.router, prefix="/v1")
app.include_router(orders, prefix="/v2")
"""
USERS = """
from fastapi import APIRouter
router = APIRouter(prefix="/users")

@router.get("")
def users(): return []
"""
FLASK = """
from flask import Flask

def create_app(settings=None):
    application = Flask(__name__)

    @application.route("/things", methods=["POST"])
    def make(): return {}

    @application.route("/things", methods=["GET", "HEAD"])
    def things(): return []

    return application
"""


def project(folder: Path, files: dict[str, str]) -> Found:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return detect(str(folder))


@pytest.fixture(autouse=True)
def _no_region_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "CLOUDSDK_COMPUTE_REGION", "AZURE_LOCATION"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("files", "framework", "app", "route", "python_path"),
    [
        pytest.param({"main.py": FASTAPI}, "FastAPI", "main:app", "/items", "", id="a probe and a parametrised route are passed over"),
        pytest.param(
            {"src/shop/__init__.py": "", "src/shop/app.py": ROUTED, "src/shop/users.py": USERS, "src/shop/orders.py": ""},
            "FastAPI",
            "shop.app:app",
            "/v1/users",
            "src",
            id="a router's prefixes are put before its path",
        ),
        pytest.param({"web/__init__.py": FLASK}, "Flask", "web:create_app()", "/things", "", id="a factory; POST is not asked first"),
        pytest.param(
            {"main.py": "from fastapi import FastAPI\napp = FastAPI()"}, "FastAPI", "main:app", "/", "", id="no route to be sure of"
        ),
        pytest.param(
            {"broken.py": "def (", "app.py": FASTAPI}, "FastAPI", "app:app", "/items", "", id="a file that does not parse is no app"
        ),
        pytest.param({"lib.py": "x = 1"}, "", "", "", "", id="no web app at all"),
        pytest.param({"tests/app.py": FASTAPI}, "", "", "", "", id="tests hold no app of the project"),
    ],
)
def test_the_app_and_its_first_route_are_found(
    tmp_path: Path, files: dict[str, str], framework: str, app: str, route: str, python_path: str
) -> None:
    found = project(tmp_path, files)

    assert (found.framework, found.app, found.route, found.python_path) == (framework, app, route, python_path)


def test_a_django_project_is_entered_through_its_wsgi_module(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "django", "startproject", "shop", str(tmp_path)], check=True)
    urls = tmp_path / "shop" / "urls.py"
    urls.write_text(urls.read_text().replace("urlpatterns = [", 'urlpatterns = [\n    path("orders/", lambda request: None),'))

    found = detect(str(tmp_path))

    assert (found.framework, found.app, found.route) == ("Django", "shop.wsgi:application", "/orders/")
    assert found.django_settings == "shop.settings"


@pytest.mark.parametrize(
    ("text", "cloud"),
    [("boto3==1.35", "aws"), ("google-cloud-storage>=2", "gcp"), ("azure-storage-blob", "azure"), ("requests", "aws")],
)
def test_the_cloud_is_the_one_whose_client_library_is_required(tmp_path: Path, text: str, cloud: str) -> None:
    found = project(tmp_path, {"requirements.txt": text})

    assert (found.cloud, found.region) == (cloud, "")


def test_the_region_of_the_environment_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    found = project(tmp_path, {"requirements.txt": "boto3"})

    assert found.region == "eu-west-1"
    monkeypatch.undo()
