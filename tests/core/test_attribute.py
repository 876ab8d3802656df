"""The registry of attributes: each name once, of CodeOps's own kind, with a unit where it is a number."""

import pytest

from codeops.core.attribute import ATTRIBUTES, LABELS, METRICS, USAGE


def test_no_name_is_registered_twice():
    names = [one.name for one in (*ATTRIBUTES, *METRICS)]

    assert len(set(names)) == len(names)
    assert len(set(LABELS.values())) == len(LABELS)


@pytest.mark.parametrize("attribute", [one for one in ATTRIBUTES if one.type != "string"], ids=lambda one: one.name)
def test_a_number_says_its_unit(attribute):
    assert attribute.unit


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.name)
def test_a_metric_is_broken_down_by_attributes_of_metrics(metric):
    places = {one.name: one.on for one in ATTRIBUTES}

    assert metric.kind in {"counter", "gauge"}
    assert metric.unit
    assert all("metrics" in places[name] for name in metric.by)


def test_usage_is_a_prefix_for_the_meter_behind_it():
    assert [one.name for one in ATTRIBUTES if one.name.startswith(USAGE)] == ["cost.usage.<meter>"]
