"""What exported spans carry: few attributes, self usage, no zeros, money where there are prices."""

import math

import pytest

import codeops
from codeops.core.attribute import ATTRIBUTES, USAGE
from codeops.instrument import recorder

OURS = tuple(one.name for one in ATTRIBUTES if one.name.startswith("cost.") and "<" not in one.name)


def ours(attributes):
    return {name: value for name, value in attributes.items() if name.startswith(("cost.", "gen_ai.usage.cost"))}


def test_a_span_carries_its_own_usage_and_its_own_cost(instrumented, exported, work):
    spans = exported()

    with spans.tracer.start_as_current_span("outer"):
        with spans.tracer.start_as_current_span("inner"):
            codeops.record("stripe.charge", 2)
            burned_s = work.burn(5)
        codeops.record("db.query", 4)

    inner, outer = spans["inner"], spans["outer"]
    assert inner["cost.usage.stripe.charge"] == 2
    assert "cost.usage.db.query" not in inner
    assert inner["cost.usage.compute.cpu"] == work.near(burned_s)
    assert inner["cost.self"] == pytest.approx(2 * 0.25 + inner["cost.usage.compute.cpu"] * 0.036 / 3600)
    assert outer["cost.usage.db.query"] == 4
    assert "cost.usage.stripe.charge" not in outer
    assert outer["cost.usage.compute.cpu"] < 0.5 * burned_s


def test_what_was_not_consumed_is_absent_and_not_zero(instrumented, exported):
    spans = exported()

    with spans.tracer.start_as_current_span("idle"):
        codeops.record("stripe.charge", 0)

    usage = {name: value for name, value in spans["idle"].items() if name.startswith(USAGE)}
    assert set(usage) <= {"cost.usage.compute.cpu"}
    assert all(usage.values())


@pytest.mark.parametrize("depth", [1, 3, 12])
def test_the_cost_of_a_local_root_is_the_sum_of_all_self_costs_of_its_tree(instrumented, exported, work, depth):
    spans = exported()

    def below(level):
        with spans.tracer.start_as_current_span(f"level {level}"):
            work.burn(0.3)
            codeops.record("stripe.charge", level)
            if level < depth:
                below(level + 1)
                below(level + 1) if level < 3 else None

    below(1)

    root = [span for span in spans.all() if span.parent is None]
    self_costs = [span.attributes["cost.self"] for span in spans.all()]
    assert len(root) == 1
    assert root[0].attributes["cost.request"] == pytest.approx(math.fsum(self_costs), rel=1e-12)
    assert root[0].attributes["cost.request.nano"] == round(root[0].attributes["cost.request"] * 1e9)
    assert all("cost.request" not in span.attributes for span in spans.all() if span.parent is not None)


def test_a_cost_that_was_lost_below_the_root_would_be_noticed(instrumented, exported):
    """The control of the test above: without one of the spans the sums differ."""
    spans = exported()

    with spans.tracer.start_as_current_span("root"), spans.tracer.start_as_current_span("child"):
        codeops.record("stripe.charge", 1)

    assert spans["root"]["cost.request"] != pytest.approx(spans["root"]["cost.self"], rel=1e-12)


def test_an_attribute_has_the_type_that_the_registry_says(instrumented, exported, work):
    spans = exported()
    types = {one.name: one.type for one in ATTRIBUTES}

    with spans.tracer.start_as_current_span("root"):
        work.burn(1)
        codeops.record("acme.unknown", 1)
        with codeops.job("import", unit="GB", units=2), spans.tracer.start_as_current_span("child"):
            pass

    kinds = {"double": float, "int": int, "string": str}
    for span in spans.all():
        for name, value in ours(span.attributes).items():
            if not name.startswith(USAGE):
                assert type(value) is kinds[types[name]], (name, value)


def test_a_meter_without_a_price_is_named_and_the_rest_is_priced(instrumented, exported):
    spans = exported()

    with spans.tracer.start_as_current_span("root"), spans.tracer.start_as_current_span("child"):
        codeops.record("acme.unknown", 3)
        codeops.record("acme.other", 3)
        codeops.record("stripe.charge", 1)

    child, root = spans["child"], spans["root"]
    assert child["cost.unpriced"] == "acme.other,acme.unknown"
    assert child["cost.usage.acme.unknown"] == 3
    assert child["cost.self"] == pytest.approx(0.25, rel=1e-3)
    assert root["cost.unpriced"] == "acme.other,acme.unknown"
    assert root["cost.request"] == pytest.approx(0.25, rel=1e-3)


def test_without_a_price_book_usage_is_there_and_money_is_absent(instrument, exported):
    instrument(pricebook=None)
    spans = exported()

    with spans.tracer.start_as_current_span("root"):
        codeops.record("stripe.charge", 1)

    attributes = spans["root"]
    assert attributes["cost.usage.stripe.charge"] == 1
    assert not {"cost.self", "cost.request", "cost.request.nano", "cost.unpriced"} & set(attributes)
    assert "cost.currency" not in spans.span("root").resource.attributes


def test_the_resource_says_currency_and_prices_beside_what_it_said_before(instrumented, exported):
    spans = exported()

    with spans.tracer.start_as_current_span("root"):
        pass

    said = spans.span("root").resource.attributes
    assert (said["cost.currency"], said["cost.pricebook"], said["service.name"]) == ("EUR", "2026-11-01", "shop")


def test_a_provider_and_a_tracer_from_before_say_it_too(exported, instrument):
    spans = exported()
    instrument()
    spans.provider.get_tracer("another")

    with spans.tracer.start_as_current_span("root"):
        pass

    assert spans.span("root").resource.attributes["cost.currency"] == "EUR"


def test_the_tenant_of_a_request_is_on_every_span_that_ends_after_it_is_known(instrumented, exported):
    spans = exported()

    with spans.tracer.start_as_current_span("root"):
        recorder.note("tenant.id", "acme")
        with spans.tracer.start_as_current_span("child"):
            pass

    assert (spans["root"]["tenant.id"], spans["child"]["tenant.id"]) == ("acme", "acme")


def test_a_tenant_set_as_an_attribute_labels_the_request_and_stays_as_it_was_set(instrumented, exported):
    spans = exported()

    with spans.tracer.start_as_current_span("root") as root:
        root.set_attribute("tenant.id", "acme")
        root.set_attribute("cache_hit", True)

    assert spans["root"]["tenant.id"] == "acme"
    assert spans["root"]["cache_hit"] is True
    (row,) = [row for row in codeops.collect() if row.name == "root"]
    assert (row.labels["tenant.id"], row.labels["cache_hit"]) == ("acme", "true")


def test_cache_look_ups_and_flags_are_on_the_local_root(instrumented, exported):
    spans = exported()

    with spans.tracer.start_as_current_span("root"), spans.tracer.start_as_current_span("child"):
        recorder.lookup(True)
        recorder.lookup(False)
        recorder.lookup(True)
        recorder.evaluated("new-search", "on")
        recorder.evaluated("checkout", "b")

    root = spans["root"]
    assert root["cache_hit"] == "false"
    assert root["feature_flag.key"] == "checkout,new-search"
    assert root["feature_flag.result.variant"] == "b,on"
    assert not {"cache_hit", "feature_flag.key"} & set(spans["child"])


def test_a_span_of_a_model_carries_each_token_once_and_the_proposed_aliases(instrumented, exported):
    spans = exported()

    with spans.tracer.start_as_current_span("root"), spans.tracer.start_as_current_span("chat") as chat:
        chat.set_attributes(
            {
                "gen_ai.usage.input_tokens": 1000,
                "gen_ai.usage.cache_read.input_tokens": 400,
                "gen_ai.usage.output_tokens": 100,
                "gen_ai.request.model": "m",
            }
        )

    attributes = spans["chat"]
    assert {name: attributes[name] for name in attributes if name.startswith("cost.usage.llm")} == {
        "cost.usage.llm.input": 600,
        "cost.usage.llm.cache_read": 400,
        "cost.usage.llm.output": 100,
    }
    money = 600 * 2e-6 + 400 * 0.5e-6 + 100 * 8e-6
    assert attributes["gen_ai.usage.cost.amount"] == pytest.approx(money)
    assert attributes["gen_ai.usage.cost.currency"] == "EUR"
    assert attributes["cost.self"] == pytest.approx(money, rel=0.01)
    assert "gen_ai.usage.cost.amount" not in spans["root"]


def test_tokens_that_the_clients_hook_counted_are_not_counted_again_from_the_attributes(instrumented, exported, work):
    spans = exported()

    with spans.tracer.start_as_current_span("chat") as chat:
        recorder.count("llm.input", 600, labels={"model": "m"})
        recorder.count("llm.output", 100, labels={"model": "m"})
        chat.set_attributes({"gen_ai.usage.input_tokens": 600, "gen_ai.usage.output_tokens": 100, "gen_ai.request.model": "m"})

    assert spans["chat"]["cost.usage.llm.input"] == 600
    assert work.totals()["llm.output"] == 100


SAID = {"gen_ai.usage.input_tokens": 600, "gen_ai.usage.output_tokens": 100, "gen_ai.request.model": "m"}


def counted_by_a_hook():
    recorder.count("llm.input", 600, labels={"model": "m"})
    recorder.count("llm.output", 100, labels={"model": "m"})


def test_tokens_of_a_stream_that_the_hook_counted_elsewhere_are_not_counted_again(instrumented, exported, work):
    """A stream is read where its span is not current: the hook counts for the span around, and then the model's span ends."""
    spans = exported()

    with spans.tracer.start_as_current_span("root"):
        chat = spans.tracer.start_span("chat")
        counted_by_a_hook()
        chat.set_attributes(SAID)
        chat.end()

    assert work.totals()["llm.input"] == 600
    assert spans["root"]["cost.request"] == pytest.approx(600 * 2e-6 + 100 * 8e-6, rel=0.01)


def test_tokens_of_a_stream_outside_of_any_other_span_are_counted_once(instrumented, exported, work):
    spans = exported()

    chat = spans.tracer.start_span("chat")
    counted_by_a_hook()
    chat.set_attributes(SAID)
    chat.end()

    assert (work.totals()["llm.input"], work.totals()["llm.output"]) == (600, 100)


def test_tokens_that_no_hook_counted_are_counted_beside_those_that_one_did(instrumented, exported, work):
    spans = exported()

    with spans.tracer.start_as_current_span("root"):
        counted_by_a_hook()
        for _ in range(2):
            spans.tracer.start_span("chat", attributes=SAID).end()
        other = {**SAID, "gen_ai.request.model": "another"}
        spans.tracer.start_span("chat", attributes=other).end()

    assert work.totals()["llm.input"] == 3 * 600


def test_tokens_counted_by_a_hook_and_reported_before_the_spans_end_are_counted_once(instrumented, exported, metered, work):
    read, spans = metered(), exported()

    with spans.tracer.start_as_current_span("chat") as chat:
        counted_by_a_hook()
        for _ in range(3):
            read.read("codeops.usage")
        chat.set_attributes(SAID)

    assert work.totals()["llm.input"] == 600
    assert spans["chat"]["cost.usage.llm.input"] == 600


@pytest.mark.parametrize("operation", ["invoke_agent", "invoke_workflow"])
def test_a_span_that_sums_up_the_calls_below_it_counts_no_tokens(instrumented, exported, work, operation):
    spans = exported()

    with spans.tracer.start_as_current_span("agent", attributes={**SAID, "gen_ai.operation.name": operation}):
        spans.tracer.start_span("chat", attributes={**SAID, "gen_ai.operation.name": "chat"}).end()

    assert work.totals()["llm.input"] == 600
    assert "cost.usage.llm.input" not in spans["agent"]


def test_links_events_status_and_own_attributes_are_untouched(instrumented, exported):
    spans = exported()
    with spans.tracer.start_as_current_span("linked") as linked:
        pass
    from opentelemetry.trace import Link, SpanKind, Status, StatusCode

    links = [Link(linked.get_span_context(), {"why": "batch"})]
    with spans.tracer.start_as_current_span(
        "root", kind=SpanKind.SERVER, links=links, attributes={"http.route": "/a", "n": [1, 2]}
    ) as root:
        root.add_event("half", {"done": 0.5})
        root.set_status(Status(StatusCode.ERROR, "late"))

    span = spans.span("root")
    assert span.kind is SpanKind.SERVER
    assert [(link.context, dict(link.attributes)) for link in span.links] == [(linked.get_span_context(), {"why": "batch"})]
    assert [(event.name, dict(event.attributes)) for event in span.events] == [("half", {"done": 0.5})]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "late")
    assert (span.attributes["http.route"], span.attributes["n"]) == ("/a", (1, 2))
    assert span.dropped_attributes == 0


def test_an_attribute_of_the_programs_own_under_one_of_our_names_is_left_as_it_is(instrumented, exported):
    spans = exported()
    own = {"cost.self": "a secret", "cost.usage.compute.cpu": "none"}

    with spans.tracer.start_as_current_span("root", attributes=own):
        codeops.record("stripe.charge", 1)
        for _ in range(2):  # the second of a name may take a shorter way
            with spans.tracer.start_as_current_span("child", attributes=own):
                pass

    assert len(spans.all()) == 3
    assert [{name: span.attributes[name] for name in own} for span in spans.all()] == [own, own, own]
    assert spans["root"]["cost.request"] == pytest.approx(0.25, rel=1e-3)


@pytest.mark.parametrize("count", [127, 128, 129, 200])
@pytest.mark.parametrize("name", ["root", "first", "second"])
def test_at_the_limit_of_attributes_the_span_keeps_its_own(instrumented, exported, name, count):
    spans = exported()

    def fill(span):
        for number in range(count):
            span.set_attribute(f"own.{number}", number)

    with spans.tracer.start_as_current_span("root") as root:
        for step in ("first", "second"):  # the second of a name may take a shorter way
            with spans.tracer.start_as_current_span("step") as span:
                if step == name:
                    fill(span)
        if name == "root":
            fill(root)

    (filled,) = [span for span in spans.all() if "own.126" in span.attributes]
    own = {key: value for key, value in filled.attributes.items() if key.startswith("own.")}
    assert own == {f"own.{number}": number for number in range(max(0, count - 128), count)}
    assert dict(filled.attributes)["cost.usage.compute.cpu"] > 0
    assert dict(filled.attributes)["cost.self"] > 0
