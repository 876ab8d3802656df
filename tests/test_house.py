"""The limits of the house style that a machine can check."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import codeops
from codeops.core.errors import leaves

ROOT = Path(__file__).parents[1]
SOURCE = Path(codeops.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
PURE = [path for path in MODULES if path.relative_to(SOURCE).parts[0] in {"core", "gate", "report"}]
VERBS = [path for path in MODULES if path.relative_to(SOURCE).parts[0] == "cli"]
FORBIDDEN_NAMES = {"base", "common", "handler", "helpers", "manager", "misc", "service", "util", "utils"}
FORBIDDEN_PREFIXES = ("get_", "process_", "do_", "run_", "handle_")
OVERRIDES = {"get_command"}  # names that click asks for
FUNCTION_LINES, MODULE_LINES, VERB_LINES = 40, 350, 80


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def public_names(tree: ast.Module) -> set[str]:
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    return {name for name in defined if not name.startswith("_")}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_short_named_well_and_says_what_it_knows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    limit = VERB_LINES if path in VERBS and not path.name.startswith("_") else MODULE_LINES

    assert path.stem not in FORBIDDEN_NAMES
    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert text.count("\n") <= limit or "# long: " in text.split("\n", 1)[0]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_is_short_and_named_by_a_real_verb(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")

    for node in functions(ast.parse(text)):
        size = (node.end_lineno or 0) - node.lineno + 1
        assert size <= FUNCTION_LINES or "# long: " in lines[node.lineno - 1], f"{node.name} has {size} lines"
        assert not node.name.startswith(FORBIDDEN_PREFIXES) or node.name in OVERRIDES, node.name


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_public_names_are_documented_and_listed(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    listed = next(
        (
            {element.value for element in node.value.elts if isinstance(element, ast.Constant)}
            for node in tree.body
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__" and isinstance(node.value, ast.List)
        ),
        set(),
    )

    undocumented = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not undocumented
    assert public_names(tree) <= listed, f"missing in __all__: {public_names(tree) - listed}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_exception_is_swallowed_without_a_word(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")

    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler) and all(isinstance(child, ast.Pass) for child in node.body):
            assert "#" in lines[node.lineno] or "#" in lines[node.lineno - 1], f"line {node.lineno}"


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_a_pure_module_neither_prints_nor_opens(path: Path) -> None:
    called = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }

    assert not called & {"open", "print", "input"}


@pytest.mark.parametrize("name", ["money", "price", "pricebook", "cost", "unit", "usage", "budget"])
def test_money_is_never_a_float(name: str) -> None:
    tree = ast.parse((SOURCE / "core" / f"{name}.py").read_text(encoding="utf-8"))

    assert "float" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("error", leaves(), ids=lambda error: error.slug)
def test_every_error_has_a_page_and_explains_itself(error: type) -> None:
    page = ROOT / "docs" / "errors" / f"{error.slug}.md"
    text = error("the title", why="the values", fix="the command").explain()

    assert page.read_text(encoding="utf-8").startswith(f"# {error.slug}\n")
    assert text.splitlines()[0] == f"error[{error.slug}]: the title"
    assert "  why: the values" in text
    assert "  fix: the command" in text


def test_importing_codeops_imports_nothing_but_the_standard_library_and_opentelemetry() -> None:
    script = "import sys; before = set(sys.modules); import codeops; print(*{name.split('.')[0] for name in set(sys.modules) - before})"

    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert set(output.split()) <= {"codeops", "opentelemetry", *sys.stdlib_module_names}


def test_help_imports_neither_rich_nor_msgspec_nor_yaml() -> None:
    script = (
        "import sys\nfrom codeops.__main__ import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )

    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stderr

    assert not {"rich", "msgspec", "yaml", "opentelemetry", "numpy"} & set(output.split())
