"""The usual way of a span in C says the same as the whole way in Python, on either ledger: on spans and in rows."""

from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from codeops.instrument.memory import Meter
from codeops.instrument.switches import context
from codeops.instrument.tracing import sdk
from codeops.instrument.tracing.sdk import Spans
from instrument import accounts

GIB = 2**30
CPU = "cost.usage.compute.cpu"
CHARGE, QUERY = ("stripe.charge", "{request}", ()), ("db.query", "{query}", (("db.system", "x"),))
LINES = [CHARGE, QUERY, ("stripe.charge", "{request}", (("region", "y"),)), ("llm.input", "{token}", ()), ("compute.cpu", "vCPU.s", ())]
PRICES = [
    accounts.price("compute.cpu", "0", "vCPU.s"),  # free, because no two runs take as long
    accounts.price("compute.memory", "3", "GiB.s"),
    accounts.price("stripe.charge", "0.3333333337", "{request}"),
    accounts.price("llm.input", "0.001", "{token}"),
]
NAMES = ["GET /a", "query", "send"]
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "http.route": st.sampled_from(["/a", "/a/{id}", "x" * 300, 7]),
        "tenant.id": st.just("acme"),
        "cache_hit": st.booleans(),
        "gen_ai.usage.input_tokens": st.just(10),
        "cost.units": st.just(3),
        "cost.unit": st.just("GB"),
        "cost.self": st.just(7.0),
        "cost.usage.stripe.charge": st.just(9),
        "other": st.just(1),
    },
)
COUNTED = st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from([0, 1, 2.5])), max_size=3)
STEPS = st.lists(st.sampled_from(["hit", "miss", "flag", "label", "rename", "response", "report", "relabel"]), max_size=3)
CHILDREN = st.lists(st.tuples(st.sampled_from(NAMES), ATTRIBUTES, COUNTED, STEPS, st.booleans()), max_size=4)
REQUESTS = st.lists(st.tuples(st.sampled_from(NAMES), ATTRIBUTES, COUNTED, STEPS, CHILDREN), min_size=1, max_size=4)
USUAL = ("GET /a", {"http.route": "/a"}, [(CHARGE, 1), (QUERY, 1)], ["response"], [("send", {}, [], [], False)] * 2)

WAYS = [("_native", "C"), ("_native", "Python")] if find_spec("codeops.instrument.ledger._native") else []
OPTIONS = st.fixed_dictionaries({"is_priced": st.booleans(), "is_tenant_required": st.booleans(), "most_rows": st.sampled_from([2, 100])})


class Process:
    """An accounting with its hooks in, whose memory and time move only when told."""

    def __init__(self, ledger, way, monkeypatch, exported, *, has_memory, tenant=None, **options) -> None:
        self.now, self.size = 50.0, GIB
        self.meter = Meter(lambda: self.now, lambda: self.size, sample_s=3600.0) if has_memory else None
        if self.meter is not None:
            self.meter.start()
            self.meter._is_sampling = True  # by this test alone
        self.accounting = accounts.accounting(ledger, accounts.book(*PRICES), memory=self.meter, tenant=lambda: tenant, **options)
        self.accounting.books.start()
        context.install(self.accounting.keeper)
        self.hooks = Spans(self.accounting)
        if way == "Python":
            monkeypatch.setattr(sdk, "follow_spans", lambda _accounting, _write, begin, finish: (begin, finish))
        self.hooks.install()
        self.exported = exported()

    def close(self) -> None:
        self.hooks.uninstall()
        context.uninstall()
        self.accounting.keeper.enter(None)
        self.accounting.books.stop()

    def request(self, name, attributes, counted, steps, children) -> None:
        late = []
        with self.exported.tracer.start_as_current_span(name, attributes=attributes) as root:
            for child, own, lines, more, is_late in children:
                span = self.exported.tracer.start_span(child, attributes=own)
                with sdk_current(span):
                    self.work(span, lines, more)
                late.append(span) if is_late else span.end()
            self.size = 3 * GIB
            self.sample()
            self.work(root, counted, steps)
        for span in late:
            span.end()
        self.size = GIB
        self.sample()

    def sample(self) -> None:
        if self.meter is not None:
            self.meter._sample()
        self.now += 1.0

    def work(self, span, counted, steps) -> None:
        accounting = self.accounting
        for line, amount in counted:
            accounting.add(line, amount)
        for step in steps:
            match step:
                case "hit" | "miss":
                    accounting.lookup(step == "hit")
                case "flag":
                    accounting.evaluated("checkout", "b")
                case "label":
                    accounting.label("team", "payments")
                case "relabel":
                    accounting.relabel(span._codeops_owner, {"phase": "two"})
                case "rename":
                    span.update_name("renamed")
                case "response":
                    accounting.add_to_request(QUERY, 2)
                case "report":
                    accounting.report()
                case "burn":
                    accounts.burn()

    def said(self):
        """What spans carry and what rows hold, without the CPU."""
        spans = [(span.name, {name: value for name, value in span.attributes.items() if name != CPU}) for span in self.exported.all()]
        rows = [row for row in self.accounting.rows() if not row.name.startswith(("unattributed.", "runtime."))]
        return spans, [
            (
                (row.root, row.name, row.labels, row.count, row.requests, row.unit, row.units, row.allocation, row.unpriced),
                {meter: pytest.approx(amount) for meter, amount in row.usage.items() if meter != "compute.cpu"},
                row.cost if row.cost is None else pytest.approx(row.cost),
            )
            for row in rows
        ]


def sdk_current(span):
    from opentelemetry.trace import use_span

    return use_span(span, end_on_exit=False)


def said(ledger, way, requests, exported, **options):
    with pytest.MonkeyPatch.context() as monkeypatch:
        process = Process(ledger, way, monkeypatch, exported, **options)
        try:
            for request in requests:
                process.request(*request)
            return process.said()
        finally:
            process.close()


@pytest.mark.skipif(not WAYS, reason="no compiler was there")
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=REQUESTS, has_memory=st.booleans(), tenant=st.sampled_from([None, "acme"]), options=OPTIONS)
@example(requests=[USUAL] * 3, has_memory=True, tenant="acme", options={"is_priced": True, "is_tenant_required": True, "most_rows": 100})
@example(requests=[USUAL], has_memory=False, tenant=None, options={"is_priced": True, "is_tenant_required": True, "most_rows": 100})
def test_the_way_in_c_says_what_the_way_in_python_says(exported, requests, has_memory, tenant, options):
    (native, python), pure = (
        (said(*way, requests, exported, has_memory=has_memory, tenant=tenant, **options) for way in WAYS),
        said("pure", "Python", requests, exported, has_memory=has_memory, tenant=tenant, **options),
    )

    assert native == python
    assert native == pure


@pytest.mark.skipif(not WAYS, reason="no compiler was there")
@pytest.mark.parametrize(
    ("of_root", "of_child"),
    [
        pytest.param([], [(f"name {number}", {}, [(CHARGE, 1)], [], False) for number in range(70)], id="more names than a tree has parts"),
        pytest.param([((f"acme.{number}", "{call}", ()), 1) for number in range(600)], [], id="more lines than a row has"),
        pytest.param([(CHARGE, 1)], [("query", {}, [(("acme.unknown", "{call}", ()), 1)], [], False)], id="a meter without a price"),
    ],
)
def test_both_ways_have_the_same_bounds(exported, of_root, of_child):
    requests = [("GET /a", {"http.route": "/a"}, of_root, ["response"], of_child)] * 2

    native, python = (said(*way, requests, exported, has_memory=True) for way in WAYS)

    assert native == python


@pytest.mark.skipif(not WAYS, reason="no compiler was there")
def test_the_usual_request_takes_the_way_in_c_alone(exported, monkeypatch):
    """The control of the tests above: they compare two ways, not one with itself."""
    taken = []
    monkeypatch.setattr(Spans, "begin", lambda *_: taken.append("begin"))
    monkeypatch.setattr(Spans, "finish", lambda *_: taken.append("finish"))

    spans, rows = said("_native", "C", [USUAL], exported, has_memory=True, tenant="acme")

    assert not taken
    assert [name for name, _ in spans] == ["send", "send", "GET /a"]
    assert dict(spans)["GET /a"]["cost.allocation"] == "equal"
    assert [(row[1], row[3]) for row, _, _ in rows] == [("GET /a", 1), ("send", 2)]


@pytest.mark.skipif(not WAYS, reason="no compiler was there")
@pytest.mark.parametrize("way", ["C", "Python"])
def test_the_cpu_of_what_has_ended_is_in_the_rows(exported, monkeypatch, way):
    process = Process("_native", way, monkeypatch, exported, has_memory=False)
    try:
        process.request("GET /a", {"http.route": "/a"}, [], ["burn"], [("send", {}, [], ["burn"], False)] * 2)
        balance = process.accounting.balance()
        cpu_s = {row.name: row.usage["compute.cpu"] for row in process.accounting.rows() if row.count}
    finally:
        process.close()

    assert cpu_s["send"] > cpu_s["GET /a"] / 2 > 0
    assert sum(cpu_s.values()) == pytest.approx(balance.spans_ns * 1e-9, rel=0.01)
