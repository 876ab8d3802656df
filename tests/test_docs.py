"""The documentation mentions everything that a user can write, call or meet."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from codeops import config
from codeops.core.errors import leaves
from codeops.discovery import load, names
from codeops.gate import findings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def text_of(*parts: str) -> str:
    return (ROOT / Path(*parts)).read_text(encoding="utf-8")


def keys(schema: object) -> set[str]:
    """Each key of the configuration, from its own JSON Schema."""
    if isinstance(schema, list):
        return {key for part in schema for key in keys(part)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own | {key for part in schema.values() for key in keys(part)}


@pytest.mark.parametrize("key", sorted(keys(config.schema())))
def test_every_key_of_the_configuration_is_explained(key: str) -> None:
    assert re.search(rf"\b{key}\b", text_of("docs", "configuration.md"))


@pytest.mark.parametrize("verb", names("codeops.cli"))
def test_every_verb_is_in_the_readme(verb: str) -> None:
    assert f"`codeops {verb}`" in text_of("README.md")


@pytest.mark.parametrize("verb", names("codeops.cli.prices"))
def test_every_verb_on_prices_is_in_the_readme_and_in_its_page(verb: str) -> None:
    assert f"`{verb}`" in text_of("README.md")
    assert f"prices {verb}" in text_of("docs", "pricebook.md")


@pytest.mark.parametrize("form", names("codeops.report"))
def test_every_format_is_in_the_readme_and_in_its_page(form: str) -> None:
    assert f"`{form}`" in text_of("README.md")
    assert f"\n### {form}\n" in text_of("docs", "report.md")


@pytest.mark.parametrize("library", names("codeops.instrument.libraries"))
def test_every_client_library_and_its_meters_are_in_their_page(library: str) -> None:
    page = text_of("docs", "libraries.md")

    assert f"`{library}`" in page
    assert all(f"`{meter}`" in page for meter in load("codeops.instrument.libraries", library).METERS)


def test_the_page_of_client_libraries_is_current() -> None:
    command = [sys.executable, "-c", "import runpy; print(runpy.run_path('tools/docs_libraries.py')['text'](), end='')"]

    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert made == text_of("docs", "libraries.md"), "run make docs"


@pytest.mark.parametrize("rule", sorted(set(re.findall(r'rule="([a-z-]+)"', Path(findings.__file__).read_text(encoding="utf-8")))))
def test_every_rule_of_the_gate_is_in_its_page(rule: str) -> None:
    assert f"`{rule}`" in text_of("docs", "gate.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))

    assert not [target for target in targets if not (page.parent / target).exists()]


def test_no_page_of_an_error_is_left_over() -> None:
    pages = {page.stem for page in (ROOT / "docs" / "errors").glob("*.md")} - {"README"}

    assert pages == {error.slug for error in leaves()}


def test_the_examples_in_the_configuration_page_are_valid(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", text_of("docs", "configuration.md"), re.DOTALL)
    assert example
    (tmp_path / "codeops.toml").write_text(example[1], encoding="utf-8")

    found = config.load(None, str(tmp_path))

    assert msgspec.to_builtins(found.traffic) == {"/v1/report": 40_000_000}
