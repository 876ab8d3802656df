"""What holds for every client library: it counts once, at the user's line, only while measured, and leaves no trace."""

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import codeops
from codeops import discovery, instrument
from codeops.core.unit import Unit
from codeops.instrument import guard, hooks, imports
from codeops.instrument.hooks import SLOT

CALLS = Path(__file__).parents[1] / "instrument" / "calls"
LIBRARIES = discovery.names(SLOT)
_UNIQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+T[\d:.]+Z|0x\w+|\d{5,}")
"""What differs from one message to the next: ids, times, addresses, ports."""


def _load(path: Path, name: str):
    if name not in sys.modules:
        spec = spec_from_file_location(name, path)
        sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


class Library:
    def __init__(self, name: str) -> None:
        self.name = name
        self.module = discovery.load(SLOT, name)
        self.file = name.replace("-", "_") + ".py"
        self.calls = _load(CALLS / self.file, f"codeops_test_calls_{name}")
        self.peers = _load(CALLS.parent / "peers.py", "codeops_test_peers")

        self.clients: list = []

    def connect(self):
        self.clients.append(self.calls.connect(self.peers))
        return self.clients[-1]

    def close(self) -> None:
        for client in self.clients:
            getattr(self.calls, "close", lambda client: getattr(client, "close", lambda: None)())(client)

    @property
    def line(self) -> int:
        lines = (CALLS / self.file).read_text().splitlines()
        return next(number for number, text in enumerate(lines, 1) if text.endswith("# <- call"))


@pytest.fixture(params=LIBRARIES)
def library(request, monkeypatch):
    monkeypatch.setattr(guard, "strict", True)
    made = Library(request.param)
    yield made
    made.close()
    instrument.uninstall()


def _consumed(library: Library, client) -> dict:
    with instrument.tally(str(CALLS)) as tally:
        library.calls.call(client)
    consumed = {}
    for (meter, _, _), amount in tally.lines.items():
        consumed[meter] = consumed.get(meter, 0) + amount
    return consumed


def _fits(consumed: dict, expected: dict) -> bool:
    return consumed.keys() == expected.keys() and all(amount in {None, consumed[meter]} for meter, amount in expected.items())


def test_one_call_is_counted_at_the_line_of_the_user(library):
    instrument.install()
    client = library.connect()

    with instrument.tally(str(CALLS)) as tally:
        library.calls.call(client)

    consumed = {meter: amount for (meter, _, _), amount in tally.lines.items()}
    assert _fits(consumed, library.calls.CONSUMED), tally.lines
    for line, sites in tally.sites.items():
        assert [(file, number) for file, number, _ in sites] == [(library.file, library.line)], line
    assert set(tally.sites) == set(tally.lines)


def test_installing_twice_or_anew_counts_once(library):
    instrument.install()
    instrument.uninstall()
    instrument.install()
    instrument.install()
    library.module.install()
    client = library.connect()

    assert _fits(_consumed(library, client), library.calls.CONSUMED)


def test_after_uninstalling_everything_is_as_it_was_and_nothing_is_counted(library):
    instrument.install()
    client = library.connect()
    _consumed(library, client)
    touched = [(patch.owner, patch.name) for patch in _patches(library)]
    instrument.uninstall()
    originals = [vars(owner).get(name) for owner, name in touched]
    instrument.install()
    replaced = [vars(owner).get(name) for owner, name in touched]
    instrument.uninstall()

    assert all(original is not mine for original, mine in zip(originals, replaced, strict=True))
    assert [vars(owner).get(name) for owner, name in touched] == originals
    assert not any(_is_ours(original) for original in originals)
    assert all(_is_ours(one) for one in replaced)
    assert _consumed(library, client) == {}


def test_without_a_tally_nothing_is_counted(library):
    instrument.install()
    client = library.connect()
    library.calls.call(client)

    with instrument.tally(str(CALLS)) as tally:
        pass

    assert tally.lines == {}


def test_what_is_not_asked_for_is_not_counted(library):
    instrument.install([])

    assert _consumed(library, library.connect()) == {}, hooks._holders


def test_exceptions_of_the_client_pass_unchanged(library):
    bare = _raised(library, library.connect())
    instrument.install()
    client = library.connect()

    with instrument.tally(str(CALLS)):
        hooked = _raised(library, client)

    assert type(hooked) is type(bare)
    assert _UNIQUE.sub("", str(hooked)) == _UNIQUE.sub("", str(bare))


def test_meters_are_declared_with_their_units(library):
    instrument.install()
    client = library.connect()

    with instrument.tally(str(CALLS)) as tally:
        library.calls.call(client)

    for unit, what in library.module.METERS.values():
        assert Unit.parse(unit)
        assert what
    own = {meter: unit for meter, unit, _ in tally.lines if meter in library.module.METERS}
    assert own or not library.module.METERS
    assert all(library.module.METERS[meter][0] == unit for meter, unit in own.items())
    assert library.module.VERSIONS


def test_a_library_without_a_meter_says_why_and_labels_the_request_instead(library):
    if not library.module.METERS:
        assert "no meter counts" in " ".join(library.module.__doc__.split()).lower()
        assert library.module.LABELS
    assert set(getattr(library.module, "LABELS", {})) == set(getattr(library.calls, "LABELS", {}))


def test_what_a_library_notes_labels_the_request_and_no_other(library):
    expected = getattr(library.calls, "LABELS", {})
    codeops.instrument(libraries=[library.name], memory=False, ledger="off", switches=["context"])
    try:
        client = library.connect()
        with codeops.span("asking"):
            library.calls.call(client)
        with codeops.span("idle"):
            pass
        labels = {row.name: row.labels for row in codeops.collect() if row.name in {"asking", "idle"}}
    finally:
        codeops.uninstrument()

    known = {"cache_hit", "feature_flag.key", "feature_flag.result.variant"}
    assert {name: value for name, value in labels["asking"].items() if name in known} == expected
    assert not known & set(labels["idle"])


def test_a_library_is_hooked_when_it_is_imported_not_before(library):
    is_loaded = library.module.MODULE in sys.modules

    instrument.install()

    assert (library.module.MODULE in sys.modules) == is_loaded
    assert imports.is_installed(library.module.MODULE)


def test_every_library_has_its_calls():
    assert {path.stem.replace("_", "-") for path in CALLS.glob("*.py")} == set(LIBRARIES)


def _is_ours(replacement: object) -> bool:
    return getattr(replacement, "__globals__", {}).get("__name__", "").startswith("codeops.")


def _raised(library: Library, client) -> BaseException:
    with pytest.raises(Exception) as caught:
        library.calls.fail(client)
    return caught.value


def _patches(library: Library) -> list:
    hooks = getattr(library.module, "_hooks", None)
    return list(hooks._patches) if hooks else []
