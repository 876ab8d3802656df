"""Attributes get onto a span that ends by the fast way where the SDK allows it, else by the public one."""

from types import MappingProxyType

import opentelemetry.sdk.trace as sdk
import pytest
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import SpanLimits, TracerProvider

import codeops
from codeops.instrument import recorder
from codeops.instrument.tracing.writing import FastWrite, PublicWrite, chosen, works


class Hidden(BoundedAttributes):
    """Attributes as a future SDK may have them: what is behind them cannot be written, and they are frozen at the end."""

    shown = MappingProxyType

    @property
    def _dict(self):
        return self.shown(self.kept)

    @_dict.setter
    def _dict(self, value):
        self.kept = value

    def __setitem__(self, key, value) -> None:
        if getattr(self, "_immutable", False):
            raise TypeError
        if key not in self.kept and self.maxlen is not None and len(self.kept) >= self.maxlen:
            self.kept.pop(next(iter(self.kept)))
            self.dropped += 1
        self.kept[key] = value

    def _set_items(self, attributes):
        for key, value in attributes.items():
            self[key] = value


class Copied(Hidden):
    """Attributes whose inner mapping can be written, with no effect."""

    shown = dict


FUTURES = pytest.mark.parametrize("future", [Hidden, Copied])


def test_the_fast_way_works_on_this_sdk_and_is_chosen():
    assert works(FastWrite())
    assert isinstance(chosen(), FastWrite)


def test_the_public_way_works_on_this_sdk():
    assert works(PublicWrite())


@FUTURES
def test_the_public_way_is_chosen_where_the_fast_one_fails_or_has_no_effect(monkeypatch, future):
    monkeypatch.setattr(sdk, "BoundedAttributes", future)

    assert not works(FastWrite())
    assert isinstance(chosen(), PublicWrite)


@FUTURES
def test_spans_carry_the_same_by_the_public_way(monkeypatch, instrument, exported, future):
    found = {}
    for way in (BoundedAttributes, future):
        monkeypatch.setattr(sdk, "BoundedAttributes", way)
        instrument()
        spans = exported()
        with spans.tracer.start_as_current_span("root", attributes={"own": 1, "http.route": "/a"}) as root:
            root.set_attribute("tenant.id", "acme")
            recorder.evaluated("checkout", "b")
            for _ in range(2):  # the second of a name may take a shorter way
                with spans.tracer.start_as_current_span("child"):
                    codeops.record("stripe.charge", 1)
                    codeops.record("acme.unknown", 1)
        found[way] = [dict(span.attributes) for span in spans.all()]
        codeops.uninstrument()

    fast, public = found.values()
    varies = {"cost.usage.compute.cpu", "cost.self", "cost.request", "cost.request.nano"}
    assert [attributes.keys() for attributes in fast] == [attributes.keys() for attributes in public]
    for one, other in zip(fast, public, strict=True):
        assert {name: value for name, value in one.items() if name not in varies} == {
            name: value for name, value in other.items() if name not in varies
        }
        assert one["cost.self"] == pytest.approx(other["cost.self"], rel=0.01, abs=1e-5)


@FUTURES
def test_totals_do_not_depend_on_the_way(monkeypatch, instrumented, exported, work, future):
    monkeypatch.setattr(sdk, "BoundedAttributes", future)  # after the way was chosen, as no SDK would
    codeops.uninstrument()
    codeops.instrument(memory=False, libraries=())
    spans = exported()

    with spans.tracer.start_as_current_span("root"):
        codeops.record("stripe.charge", 1)

    assert work.totals("root")["stripe.charge"] == 1


@pytest.mark.parametrize("room", [0, 1, 2, 5])
def test_the_public_way_leaves_out_what_is_beyond_the_limit_and_keeps_the_spans_own(monkeypatch, instrument, exported, room):
    monkeypatch.setattr(sdk, "BoundedAttributes", Hidden)
    instrument()
    spans = exported(span_limits=SpanLimits(max_span_attributes=20))
    own = {f"own.{number}": number for number in range(20 - room)}

    with spans.tracer.start_as_current_span("root", attributes=own):
        codeops.record("stripe.charge", 1)

    attributes, first = spans["root"], ["cost.request", "cost.request.nano", "cost.self"]
    assert {name: value for name, value in attributes.items() if name.startswith("own")} == own
    assert len(attributes) == 20
    assert spans.span("root").dropped_attributes == 0
    assert [name for name in first if name in attributes] == first[:room]


def test_the_choice_asks_nothing_of_the_environment(monkeypatch):
    """A sampler that drops, tight limits and a detector of resources that would ask the network."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "0")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1")
    monkeypatch.setattr(sdk.Resource, "create", None)

    assert isinstance(chosen(), FastWrite)


def test_where_the_sdk_is_turned_off_nothing_fails(monkeypatch, instrument, work):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    instrument()

    with TracerProvider(shutdown_on_exit=False).get_tracer("shop").start_as_current_span("root"), codeops.span("block"):
        codeops.record("stripe.charge", 1)

    assert work.totals("block")["stripe.charge"] == 1
