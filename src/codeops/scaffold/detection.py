"""What a project is: its web framework, its app object, a route to ask first, its cloud."""

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["Found", "detect"]

_SKIPPED = {".git", ".tox", ".venv", "venv", "env", "node_modules", "site-packages", "build", "dist", "__pycache__", "tests", "test"}
_FILES_AT_MOST = 2000
_FRAMEWORKS = {"FastAPI": "FastAPI", "Starlette": "Starlette", "Flask": "Flask"}
_PROBES = {"/health", "/healthz", "/livez", "/metrics", "/ready", "/readyz"}
_CLOUDS = (
    ("aws", re.compile(r"\b(boto3|aioboto3|botocore|aiobotocore|aws-sdk|awslambdaric|mangum)\b")),
    ("gcp", re.compile(r"\bgoogle-cloud-[a-z-]+|\bgoogle\.cloud\b")),
    ("azure", re.compile(r"\bazure-[a-z-]+|\bazure\.(storage|identity|cosmos)\b")),
)
_REGION_VARIABLES = {"aws": ("AWS_REGION", "AWS_DEFAULT_REGION"), "gcp": ("CLOUDSDK_COMPUTE_REGION",), "azure": ("AZURE_LOCATION",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found; an empty string where there is nothing. `app` is `module:name`, `root` the folder to import from."""

    framework: str = ""
    app: str = ""
    python_path: str = ""
    route: str = ""
    path: str = ""
    cloud: str = "aws"
    cloud_evidence: str = ""
    region: str = ""
    django_settings: str = ""


def detect(folder: str, cloud: str | None = None) -> Found:
    """The project in `folder`, read without running any of it; `cloud` when the user knows better."""
    root = Path(folder).resolve()
    cloud, evidence = (cloud, "") if cloud else _cloud(root)
    variables = _REGION_VARIABLES.get(cloud, ())
    region = next((os.environ[name] for name in variables if os.environ.get(name)), "")
    placed = Found(cloud=cloud, cloud_evidence=evidence, region=region)
    django = _django(root)
    if django:
        return replace(placed, framework="Django", **django)
    for path in _sources(root):
        app = _app(path)
        if app:
            framework, name, tree = app
            module, python_path = _module(path, root)
            route = _first_route(tree, root)
            return replace(
                placed, framework=framework, app=f"{module}:{name}", python_path=python_path, route=route or "/", path=route or "/"
            )
    return placed


def _sources(root: Path) -> Iterator[Path]:
    """The project's Python files, those near the top first."""
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        found += [Path(folder, name) for name in files if name.endswith(".py")]
        if len(found) > _FILES_AT_MOST:
            break
    likely = ("main.py", "app.py", "asgi.py", "wsgi.py", "api.py", "server.py")
    yield from sorted(found, key=lambda path: (path.name not in likely, len(path.parts), str(path)))


def _app(path: Path) -> tuple[str, str, ast.Module] | None:
    """Framework, name and tree of a module that makes an app at its top level, or has a `create_app` without arguments."""
    tree = _parse(path)
    if tree is None:
        return None
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(target, ast.Name) and isinstance(value, ast.Call) and _called(value) in _FRAMEWORKS:
            return _FRAMEWORKS[_called(value)], target.id, tree
        if isinstance(node, ast.FunctionDef) and not _needed_arguments(node):
            made = [_called(call) for call in ast.walk(node) if isinstance(call, ast.Call) and _called(call) in _FRAMEWORKS]
            if made:
                return _FRAMEWORKS[made[0]], f"{node.name}()", tree
    return None


def _needed_arguments(node: ast.FunctionDef) -> bool:
    arguments = node.args
    return len(arguments.posonlyargs) + len(arguments.args) > len(arguments.defaults) or None in arguments.kw_defaults


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""


def _first_route(app: ast.Module, root: Path) -> str:
    """The first GET route without parameters, those of the app's own module first; empty when there is none to be sure of."""
    prefixes = _included(app)
    found = list(_routes(app, ""))
    for path in _sources(root):
        tree = _parse(path)
        if tree is not None and path.stem in prefixes:
            found += _routes(tree, prefixes[path.stem])
    return next((route for route in found if route not in _PROBES), found[0] if found else "")


def _included(app: ast.Module) -> dict[str, str]:
    """Names of modules (and of names imported from them) whose routers the app includes, with the prefix they get."""
    origins = {
        alias.asname or alias.name: node.module.rpartition(".")[2]
        for node in ast.walk(app)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    prefixes = {}
    for call in ast.walk(app):
        if isinstance(call, ast.Call) and _called(call) in {"include_router", "register_blueprint"} and call.args:
            included = call.args[0]
            name = included.value.id if isinstance(included, ast.Attribute) and isinstance(included.value, ast.Name) else ""
            name = name or (origins.get(included.id, "") if isinstance(included, ast.Name) else "")
            prefixes[name] = _keyword(call, "prefix") or _keyword(call, "url_prefix")
    return prefixes


def _routes(tree: ast.Module, prefix: str) -> Iterator[str]:
    """GET routes without parameters that a module declares, behind the prefix of its router."""
    owners = {
        node.targets[0].id: _keyword(node.value, "prefix") or _keyword(node.value, "url_prefix")
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for call in (decorator for decorator in node.decorator_list if isinstance(decorator, ast.Call) and decorator.args):
            path, methods = call.args[0], next((word.value for word in call.keywords if word.arg == "methods"), None)
            reads = _called(call) in {"get", "route", "api_route"} and (methods is None or "'GET'" in ast.dump(methods))
            if not (reads and isinstance(path, ast.Constant) and isinstance(path.value, str)) or re.search(r"[{<]", path.value):
                continue
            owner = call.func.value.id if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) else ""
            yield prefix + owners.get(owner, "") + path.value or "/"


def _keyword(call: ast.Call, name: str) -> str:
    value = next((word.value for word in call.keywords if word.arg == name), None)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def _django(root: Path) -> dict[str, str]:
    """Django's entry, from `manage.py` and the settings that it names."""
    manage = next((path for path in _sources(root) if path.name == "manage.py"), None)
    if manage is None:
        return {}
    text = manage.read_text(encoding="utf-8", errors="replace")
    settings = re.search(r"""DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']""", text)
    if settings is None:
        return {}
    package = settings[1].partition(".")[0]
    entry = "asgi" if (manage.parent / package / "asgi.py").is_file() and not (manage.parent / package / "wsgi.py").is_file() else "wsgi"
    path = _django_path(manage.parent / package / "urls.py")
    folder = str(manage.parent.relative_to(root))
    return {
        "app": f"{package}.{entry}:application",
        "python_path": "" if folder == "." else folder,
        "route": path,
        "path": path,
        "django_settings": settings[1],
    }


def _django_path(urls: Path) -> str:
    """The first path of `urlpatterns` without parameters that leads to a view of the project."""
    tree = _parse(urls) if urls.is_file() else None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == "path"] if tree else []
    for call in sorted(calls, key=lambda call: call.lineno):
        path, view = call.args[0], ast.unparse(call.args[1]) if len(call.args) > 1 else "include"
        if (
            isinstance(path, ast.Constant)
            and isinstance(path.value, str)
            and "<" not in path.value
            and not view.startswith(("include", "admin"))
        ):
            return "/" + path.value
    return "/"


def _cloud(root: Path) -> tuple[str, str]:
    """The cloud whose client library the project names, and the file that names it; AWS when none does."""
    listed = [path for pattern in ("pyproject.toml", "requirements*.txt", "setup.cfg", "Pipfile") for path in sorted(root.glob(pattern))]
    for path in [*listed, *_sources(root)]:
        text = path.read_text(encoding="utf-8", errors="replace")
        for cloud, pattern in _CLOUDS:
            if pattern.search(text):
                return cloud, str(path.relative_to(root))
    return "aws", ""


def _module(path: Path, root: Path) -> tuple[str, str]:
    """The dotted name of a file, and the folder (relative to `root`) that it is imported from."""
    folder = path.parent
    parts = [] if path.stem == "__init__" else [path.stem]
    while (folder / "__init__.py").is_file() and folder != root:
        parts.insert(0, folder.name)
        folder = folder.parent
    relative = str(folder.relative_to(root))
    return ".".join(parts), "" if relative == "." else relative


def _parse(path: Path) -> ast.Module | None:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError):
        return None  # another program's file, or a template: it holds no app that could be imported
