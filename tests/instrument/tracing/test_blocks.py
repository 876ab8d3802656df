"""`codeops.span` and `codeops.job` are spans like all others, with an SDK of OpenTelemetry and without."""

import asyncio
import subprocess
import sys

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode

import codeops


@pytest.fixture
def with_sdk(exported, monkeypatch):
    """A provider that stands for the program's."""
    made = exported()
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: made.provider)
    return made


@pytest.fixture(params=["sdk", "no sdk", "unsampled"])
def program(request, exported, monkeypatch):
    """The ways in which a program may be set up; what it is tested with here must be the same in all."""
    if request.param != "no sdk":
        made = exported(sampler=ALWAYS_OFF if request.param == "unsampled" else None)
        monkeypatch.setattr(trace, "get_tracer_provider", lambda: made.provider)
    return request.param


def rows():
    return {row.name: row for row in codeops.collect() if row.count}


def test_a_block_counts_what_is_done_in_it(program, instrumented, work):
    with codeops.span("outer", tenant="acme"), codeops.span("inner"):
        codeops.record("stripe.charge", 2)
        burned_s = work.burn(5)

    found = rows()
    assert found["inner"].usage["stripe.charge"] == 2
    assert found["inner"].usage["compute.cpu"] == work.near(burned_s)
    assert (found["inner"].root, found["inner"].labels, found["inner"].requests) == ("outer", {"tenant.id": "acme"}, 0)
    assert (found["outer"].count, found["outer"].requests) == (1, 1)
    assert "stripe.charge" not in found["outer"].usage


def test_labels_of_a_block_below_the_root_hold_for_it_and_what_is_below_it(program, instrumented):
    with codeops.span("root"):
        with codeops.span("part", team="search"), codeops.span("leaf"):
            codeops.record("stripe.charge", 1)
        with codeops.span("rest"):
            pass

    labels = {name: row.labels for name, row in rows().items()}
    assert labels == {"root": {}, "part": {"team": "search"}, "leaf": {"team": "search"}, "rest": {}}


def test_a_job_has_its_units_whether_it_is_the_root_or_not(program, instrumented):
    with codeops.job("import", unit="GB", units=2.5), codeops.job("rows", unit="row") as inner:
        for _ in range(4):
            inner.units += 1

    found = rows()
    assert (found["import"].unit, found["import"].units) == ("GB", 2.5)
    assert (found["rows"].unit, found["rows"].units) == ("row", 4.0)


def test_a_job_span_carries_its_units(with_sdk, instrumented):
    with codeops.job("import", unit="GB", units=2.5):
        codeops.record("stripe.charge", 1)

    attributes = with_sdk["import"]
    assert (attributes["cost.unit"], attributes["cost.units"]) == ("GB", 2.5)
    assert attributes["cost.request"] == pytest.approx(0.25, rel=1e-3)


def test_a_function_may_be_a_block_sync_or_async_and_each_call_counts(program, instrumented):
    @codeops.span("sync")
    def add(a, b=0):
        """Doc."""
        codeops.record("stripe.charge", 1)
        return a + b

    @codeops.span("async")
    async def wait(value):
        await asyncio.sleep(0)
        codeops.record("stripe.charge", 1)
        return value

    async def both():
        return await asyncio.gather(wait(1), wait(2))

    assert (add(1, b=2), add(3), asyncio.run(both())) == (3, 3, [1, 2])
    assert (add.__name__, add.__doc__, wait.__name__) == ("add", "Doc.", "wait")
    assert {name: (row.count, row.usage["stripe.charge"]) for name, row in rows().items()} == {"sync": (2, 2), "async": (2, 2)}


def test_blocks_of_tasks_that_take_turns_do_not_mix(program, instrumented, work):
    burned = {}

    async def one(name, ms):
        with codeops.span(name):
            for _ in range(5):
                burned[name] = burned.get(name, 0) + work.burn(ms)
                await asyncio.sleep(0)

    async def everything():
        await asyncio.gather(one("a", 1), one("b", 2), one("c", 4))

    asyncio.run(everything())

    for name, burned_s in burned.items():
        assert rows()[name].usage["compute.cpu"] == work.near(burned_s)


def test_an_exception_leaves_the_block_and_is_recorded_as_opentelemetry_does(with_sdk, instrumented):
    for start in (lambda: codeops.span("ours"), lambda: with_sdk.tracer.start_span("theirs")):
        with pytest.raises(ValueError, match="too late"), start():
            raise ValueError("too late")

    ours, theirs = with_sdk.span("ours"), with_sdk.span("theirs")
    assert (ours.status.status_code, ours.status.description) == (StatusCode.ERROR, "ValueError: too late")
    assert ours.status.description == theirs.status.description
    (one,), (other,) = ours.events, theirs.events
    assert {**one.attributes, "exception.stacktrace": ""} == {**other.attributes, "exception.stacktrace": ""}
    assert (one.name, one.attributes["exception.type"]) == ("exception", "ValueError")


def test_an_exception_ends_the_block_without_an_sdk_too(program, instrumented):
    with pytest.raises(ValueError, match="too late"), codeops.span("block"):
        raise ValueError("too late")

    assert rows()["block"].count == 1


def test_baggage_and_other_values_of_the_context_are_untouched(program, instrumented):
    token = context.attach(context.set_value("mine", 1, baggage.set_baggage("colour", "red")))

    with codeops.span("block", tenant="acme"):
        inside = (dict(baggage.get_all()), context.get_value("mine"))
    after = (dict(baggage.get_all()), context.get_value("mine"))
    context.detach(token)

    assert inside == after == ({"colour": "red"}, 1)


def test_spans_of_libraries_are_below_the_block_around_them(with_sdk, instrumented):
    with codeops.span("block"), with_sdk.tracer.start_as_current_span("library"):
        codeops.record("stripe.charge", 1)

    assert with_sdk.span("library").parent.span_id == with_sdk.span("block").context.span_id
    assert with_sdk["block"]["cost.request"] == pytest.approx(0.25, rel=1e-3)


def test_without_an_sdk_a_librarys_span_does_not_end_the_block_around_it(instrumented):
    """The tracer of the API hands out the current span as everybody's, and who got it ends it."""
    with codeops.span("block"):
        with trace.get_tracer("library").start_as_current_span("inner"):
            pass
        codeops.record("stripe.charge", 1)

    assert rows()["block"].usage["stripe.charge"] == 1
    assert set(rows()) == {"block"}


def test_without_an_sdk_a_block_is_invisible_to_propagation(instrumented):
    with codeops.span("block"):
        found = trace.get_current_span().get_span_context()

    assert not found.is_valid


def test_a_block_works_where_codeops_is_not_put_in(with_sdk):
    with codeops.span("block", tenant="acme"), codeops.job("job", unit="GB") as job:
        job.units = 3

    assert with_sdk["block"] == {"tenant.id": "acme"}
    assert with_sdk["job"] == {"cost.unit": "GB", "cost.units": 3.0}
    assert codeops.collect() == []


STRICT = ("-W", "error", "-W", "ignore::DeprecationWarning")  # older SDKs have some of their own
PROGRAM = """
import codeops
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

early = trace.get_tracer("shop")
codeops.instrument(memory=False, libraries=())
with codeops.span("before"):
    codeops.record("stripe.charge", 1)
with codeops.span("around"):
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    with codeops.span("within"), early.start_as_current_span("library"):
        codeops.record("stripe.charge", 2)
with codeops.span("after"):
    codeops.record("stripe.charge", 4)
print({row.name: row.usage.get("stripe.charge") for row in codeops.collect() if row.count})
print({span.name: span.attributes.get("cost.usage.stripe.charge") for span in exporter.get_finished_spans()})
"""


def test_a_provider_may_be_set_later_even_within_a_block(tmp_path):
    ended = subprocess.run([sys.executable, *STRICT, "-c", PROGRAM], capture_output=True, text=True, check=False, cwd=tmp_path)

    assert not ended.stderr
    assert ended.stdout.splitlines() == [
        "{'after': 4, 'around': None, 'before': 1, 'library': 2, 'within': None}",
        "{'library': 2, 'within': None, 'after': 4}",
    ]
