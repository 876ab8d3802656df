import json
import os
import stat
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.bench import schema, snapshot
from codeops.core.errors import CodeOpsError, DuplicateKey, InvalidValue, MalformedFile, UnreadableFile
from codeops.core.snapshot import (
    SNAPSHOT_SCHEMA,
    Environment,
    MeterUsage,
    PriceBookRef,
    RouteUsage,
    Site,
    Snapshot,
    SnapshotMeta,
)

SCHEMA = Path(schema.__file__).parents[1] / "schemas" / "snapshot.schema.json"
FULL = Snapshot(
    meta=SnapshotMeta(
        git_sha="a" * 40,
        dirty=True,
        created_at="2026-11-23T10:00:00Z",
        codeops="0.1.0",
        labels={"region": "us-east-1", "provider": "aws"},
        pricebook=PriceBookRef(version="2026-11-01", digest="sha256:00"),
        environment=Environment(cpu_model="AMD EPYC", cpus=2, cpu_limit=Decimal("1.5"), memory_limit_bytes=2**30),
    ),
    routes={
        "/v2": RouteUsage(cpu_s=Decimal("0.002"), egress_bytes=Decimal(0), s3_gets=Decimal(0), cost=Decimal("0.0000000012")),
        "/v1/report": RouteUsage(
            cpu_s=Decimal("0.001234"),
            egress_bytes=Decimal(519),
            s3_gets=Decimal(5),
            cost_usd=Decimal("0.00000124"),
            samples=20,
            usage=(
                MeterUsage(meter="compute.cpu", unit="vCPU.s", mean=Decimal("0.001234"), samples=20, sd=Decimal("0.00002"), exact=False),
                MeterUsage(
                    meter="aws.s3.get",
                    unit="{request}",
                    mean=Decimal(5),
                    samples=20,
                    cost=Decimal("2E-6"),
                    labels={"storage_class": "glacier-ir"},
                    sites=(Site(file="app.py", line=41, amount=Decimal(5), function="report", code="s3.get_object()"),),
                ),
            ),
        ),
        "job": RouteUsage(kind="job", unit="GB", units=Decimal("2.5")),
    },
)


def read(text: str) -> Snapshot:
    return snapshot.decode(text.encode(), "cost/baseline.json")


def test_what_is_written_is_read_back():
    assert snapshot.decode(snapshot.encode(FULL), "x.json") == FULL


def test_the_file_is_stable_readable_and_holds_no_defaults():
    text = snapshot.encode(FULL).decode()
    data = json.loads(text)

    assert text.endswith("}\n")
    assert '\n  "routes": {\n    "/v1/report": {\n      "cpu_s": 0.001234,' in text
    assert list(data["routes"]) == ["/v1/report", "/v2", "job"]
    assert list(data["meta"]["labels"]) == ["provider", "region"]
    assert data["meta"]["schema"] == SNAPSHOT_SCHEMA
    assert data["routes"]["/v2"] == {"cpu_s": 0.002, "egress_bytes": 0, "s3_gets": 0, "cost": 1.2e-9}
    assert data["routes"]["job"] == {"kind": "job", "unit": "GB", "units": 2.5}
    assert "exact" not in data["routes"]["/v1/report"]["usage"][1]


@pytest.mark.parametrize("kind", [Snapshot, SnapshotMeta, PriceBookRef, Environment, RouteUsage, MeterUsage, Site])
def test_every_field_is_documented(kind):
    page = (Path(__file__).parents[2] / "docs" / "snapshot.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]

    assert [name for name in kind.__dataclass_fields__ if not any(f"`{name}`" in row.split("|")[1] for row in rows)] == []


@pytest.mark.parametrize("written", [FULL, Snapshot()])
def test_a_written_file_fits_the_schema(written):
    jsonschema.Draft202012Validator.check_schema(schema.spell())

    jsonschema.validate(json.loads(snapshot.encode(written)), json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize(
    "broken", ['{"routes": {"a": {"cpu_s": -1}}}', '{"routes": {"a": {"cpu_s": "1"}}}', '{"routes": {"a": {"usage": [{}]}}}']
)
def test_the_schema_refuses_what_the_reader_refuses(broken):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(broken), json.loads(SCHEMA.read_text()))
    with pytest.raises(InvalidValue):
        read(broken)


SIMPLE = [
    ("a mapping by name", '{"routes": {"/a": {"cpu_s": 0.1, "egress_bytes": 5, "s3_gets": 2, "cost_usd": 0.0001}}}'),
    ("a list of objects", '{"routes": [{"route": "/a", "cpu_s": 0.1, "egress_bytes": 5, "s3_gets": 2, "cost_usd": 0.0001}]}'),
    (
        "comments, and fields that nobody knows",
        '{"meta": {"runner": "ci", "note": {"x": -1}}, "routes": {"/a": {"cpu_s": 0.1, "egress_bytes": 5, "s3_gets": 2, "cost_usd": 1e-4, "p99_ms": -3}}} // done',
    ),
]


@pytest.mark.parametrize(("claim", "text"), SIMPLE, ids=[row[0] for row in SIMPLE])
def test_the_simple_form_is_read(claim, text):
    route = read(text).routes["/a"]

    assert route == RouteUsage(cpu_s=Decimal("0.1"), egress_bytes=Decimal(5), s3_gets=Decimal(2), cost_usd=Decimal("0.0001"))
    assert route.is_simple


def test_absent_is_absent_not_zero():
    assert read('{"routes": {"/a": {"cost_usd": 1, "cpu_s": null}}}').routes["/a"] == RouteUsage(cost_usd=Decimal(1))


def test_numbers_are_exact():
    assert read('{"routes": {"/a": {"cost_usd": 0.1000000000000000000001}}}').routes["/a"].cost_usd == Decimal("0.1000000000000000000001")


def test_an_older_schema_is_read():
    assert read('{"meta": {"schema": 0}, "routes": {}}').meta.schema == 0


BAD = [
    ("a negative amount", '{"routes": {\n"/a": {"cpu_s": -0.1}}}', InvalidValue, 'routes."/a".cpu_s is -0.1', 2),
    (
        "a negative amount deep inside",
        '{"routes": {"/a": {"usage": [{"meter": "a.b", "unit": "s",\n"mean": 1,\n"sd": -2}]}}}',
        InvalidValue,
        'routes."/a".usage[0].sd is -2',
        3,
    ),
    ("a negative amount in a list", '{"routes": [\n{"route": "/a",\n"s3_gets": -1}]}', InvalidValue, "routes[0].s3_gets is -1", 3),
    ("a text for a number", '{"routes": {"/a":\n{"cpu_s": "fast"}}}', InvalidValue, "cpu_s", 2),
    ("a truth for a number", '{"routes": {"/a":\n{"cpu_s": true}}}', InvalidValue, "cpu_s", 2),
    ("NaN", '{"routes": {\n"/a": {"cpu_s": NaN}}}', MalformedFile, "not JSON", 2),
    ("Infinity", '{"routes": {\n"/a": {"cpu_s": Infinity}}}', MalformedFile, "not JSON", 2),
    ("a route that is a number", '{"routes": {\n"/a": 5}}', InvalidValue, "/a", 2),
    ("a list entry without its name", '{"routes": [\n{"cpu_s": 1}]}', InvalidValue, "route", 2),
    ("one route twice in a list", '{"routes": [{"route": "/a"},\n{"route": "/a"}]}', DuplicateKey, "route /a stands twice", 2),
    ("one route twice in a mapping", '{"routes": {"/a": {},\n"/a": {}}}', DuplicateKey, "/a", 2),
    ("a usage without a meter", '{"routes": {"/a": {"usage": [\n{"unit": "s", "mean": 1}]}}}', InvalidValue, "meter", 2),
    ("a negative line number", '{"routes": {"/a": {"samples":\n-5}}}', InvalidValue, "samples", 1),
    ("no routes", '{"meta": {}}', InvalidValue, "cost/baseline.json holds no routes", 1),
    ("routes that are none", '{"routes": 5}', InvalidValue, "cost/baseline.json holds no routes", 1),
    ("a newer schema", '{"meta":\n{"schema": 99, "codeops": "9.0"}, "routes": {}}', InvalidValue, "the snapshot has schema 99", 2),
    ("a list at the top", "[]", MalformedFile, "no table", 1),
    ("nothing", "", MalformedFile, "not JSON", 0),
]


@pytest.mark.parametrize(("claim", "text", "kind", "title", "line"), BAD, ids=[row[0] for row in BAD])
def test_what_no_measurement_yields_is_refused_with_its_line(claim, text, kind, title, line):
    with pytest.raises(kind) as caught:
        read(text)

    problem = caught.value
    assert title in problem.title
    assert problem.why
    assert problem.fix
    assert (problem.location.path, problem.location.line) == ("cost/baseline.json", line or problem.location.line)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UnreadableFile):
        snapshot.load(str(tmp_path / "none.json"))


def test_saving_makes_the_folder_and_replaces_the_file_whole(tmp_path):
    path = tmp_path / "cost" / "baseline.json"
    snapshot.save(Snapshot(), str(path))

    snapshot.save(FULL, str(path))

    assert snapshot.load(str(path)) == FULL
    assert [file.name for file in path.parent.iterdir()] == ["baseline.json"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "baseline.json"
    snapshot.save(FULL, str(path))
    before = path.read_bytes()

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        snapshot.save(Snapshot(), str(path))

    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["baseline.json"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(UnreadableFile, match="cannot be written"):
        snapshot.save(FULL, str(tmp_path / "file" / "baseline.json"))


amounts = st.decimals(min_value=0, max_value=10**12, allow_nan=False, allow_infinity=False, places=9) | st.integers(0, 10**12).map(Decimal)
names = st.text(min_size=1, max_size=20).filter(lambda name: name.isprintable())
usages = st.builds(
    MeterUsage,
    meter=names,
    unit=names,
    mean=amounts,
    samples=st.integers(0, 10**6),
    sd=amounts,
    exact=st.booleans(),
    allocated=st.booleans(),
    cost=st.none() | amounts,
    labels=st.dictionaries(names, names, max_size=3),
    sites=st.lists(st.builds(Site, file=names, line=st.integers(0, 9999), amount=amounts, function=names, code=names), max_size=2).map(
        tuple
    ),
)
routes = st.builds(
    RouteUsage,
    cpu_s=st.none() | amounts,
    cost_usd=st.none() | amounts,
    samples=st.integers(0, 99),
    usage=st.lists(usages, max_size=3).map(tuple),
)


@given(st.dictionaries(names, routes, max_size=3))
def test_every_snapshot_survives_writing_and_reading(made):
    assert snapshot.decode(snapshot.encode(Snapshot(routes=made)), "x.json").routes == made


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["routes", "meta", "usage", "cpu_s", "schema", "a", "route"]), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_whatever_a_file_holds_it_is_read_or_refused_clearly(data):
    outcome: object
    try:
        outcome = read(json.dumps({"routes": data}))
    except CodeOpsError as refused:
        outcome = refused

    if isinstance(outcome, CodeOpsError):
        assert outcome.fix
        assert outcome.location is not None
    else:
        assert isinstance(outcome, Snapshot)
