"""The files that a new project gets: configuration, price book, first benchmark, workflow. Nothing is overwritten."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from codeops._version import __version__
from codeops.scaffold.detection import Found

__all__ = ["Written", "write"]

_TARGETS = {
    "codeops.toml": "codeops.toml",
    "pricebook.toml": "pricebook.toml",
    "cost_bench.py": "cost_bench.py",
    "workflow.yml": ".github/workflows/codeops.yml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Paths relative to the project: those made now, and those that stood already and were left alone."""

    made: tuple[str, ...]
    kept: tuple[str, ...]


def write(folder: str, found: Found, labels: Mapping[str, str], today: str) -> Written:
    """Each file that the project needs and does not have. `today` (ISO 8601) becomes the price book's version.

    `labels` say where the service runs: region, platform, instance family, pricing tier.
    The stand-in function `cost_bench.py` is for projects without a web app only.
    """
    values = {
        "bench": _bench(found),
        "cloud": found.cloud,
        "cloud_reason": f"{found.cloud_evidence} uses it" if found.cloud_evidence else "nothing names another one",
        "labels": ", ".join(f'{name} = "{value}"' for name, value in labels.items()),
        "region": labels["region"],
        "route": found.route or "/example",
        "today": today,
        "version": __version__,
    }
    made, kept = [], []
    for template, target in _TARGETS.items():
        if template == "cost_bench.py" and found.app:
            continue
        path = Path(folder, target)
        if path.exists():
            kept.append(target)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        text = files("codeops.scaffold").joinpath("templates", f"{template}.txt").read_text(encoding="utf-8")
        path.write_text(Template(text).substitute(values), encoding="utf-8")
        made.append(target)
    return Written(made=tuple(made), kept=tuple(kept))


def _bench(found: Found) -> str:
    """The `[bench]` part of `codeops.toml`, fitting what was found."""
    if not found.app:
        return '[[bench.function]]\nroute = "/example"\ncall = "cost_bench:example"        # replace it by a call of your own'
    lines = ["[bench]", f'app = "{found.app}"            # {found.framework}']
    if found.python_path:
        lines.append(f'python_path = ["{found.python_path}"]')
    if found.django_settings:
        lines.append(f'env = {{ DJANGO_SETTINGS_MODULE = "{found.django_settings}" }}')
    lines += ["", "[[bench.request]]", f'route = "{found.route}"', f'path = "{found.path}"', "expect_status = 200"]
    return "\n".join(lines)
