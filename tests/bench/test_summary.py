from decimal import Decimal

import pytest

from codeops.bench.block import Block, BlockLine
from codeops.bench.summary import summarise


def block(cpu_ns=(1_000_000,), held_bytes=None, **meters):
    lines = [
        BlockLine(
            meter=name.replace("__", "."), unit="{request}", labels={}, amounts=[Decimal(str(amount)) for amount in amounts], sites=[]
        )
        for name, amounts in meters.items()
    ]
    return Block(cpu_ns=list(cpu_ns), wall_ns=[2_000_000] * len(cpu_ns), held_bytes=held_bytes, lines=lines)


def only(route, meter):
    return next(line for line in route.usage if line.meter == meter)


ROWS = [
    ("equal counts are exact", [[5], [5]], "5", "0", True),
    ("and so is an equal fraction", [[0.5], [0.5]], "0.5", "0", True),
    ("different ones are not", [[1], [2]], "1.5", "0.71", False),
    ("a request without it used none", [[1], None], "0.5", "0.71", False),
    ("a large count that is equal is not rounded", [[123456789], [123456789]], "123456789", "0", True),
    ("a mean that differs is, to six digits", [[1000000], [1000001], [1000001]], "1000000", "0.58", False),
]


@pytest.mark.parametrize(("claim", "amounts", "mean", "sd", "is_exact"), ROWS, ids=[row[0] for row in ROWS])
def test_counts(claim, amounts, mean, sd, is_exact):
    blocks = [block(aws__s3__get=values) if values else block() for values in amounts]

    line = only(summarise(blocks, "/"), "aws.s3.get")

    assert (str(line.mean), str(line.sd), line.exact, line.samples) == (mean, sd, is_exact, len(blocks))


@pytest.mark.parametrize(
    ("cpu_ns", "cpu_s", "sd"),
    [([1_234_567], "0.001235", "0"), ([1000, 3000], "0.000002", "0.0000014"), ([10**9] * 3, "1", "0"), ([0, 0], "0", "0")],
)
def test_cpu_is_a_mean_of_four_digits_and_never_exact(cpu_ns, cpu_s, sd):
    route = summarise([block(cpu_ns)], "/")

    assert (format(route.cpu_s, "f"), format(only(route, "compute.cpu").sd, "f")) == (cpu_s, sd)
    assert not only(route, "compute.cpu").exact


def test_memory_is_held_bytes_times_the_time_of_the_request():
    line = only(summarise([block(held_bytes=2**29)], "/"), "compute.memory")

    assert (line.mean, line.unit, line.allocated, line.exact) == (Decimal("0.001"), "GiB.s", True, False)


def test_memory_that_is_not_known_is_absent_not_zero():
    assert [line.meter for line in summarise([block()], "/").usage] == ["compute.cpu"]


def test_hooks_that_counted_nothing_mean_zero():
    route = summarise([block()], "/")

    assert (route.egress_bytes, route.s3_gets) == (0, 0)


def test_simple_fields_sum_over_labels():
    lines = [BlockLine(meter="aws.s3.get", unit="{request}", labels={"storage_class": name}, amounts=[Decimal(2)]) for name in "ab"]

    route = summarise([Block(cpu_ns=[1], wall_ns=[1], held_bytes=None, lines=lines)], "/")

    assert route.s3_gets == 4
    assert [line.labels for line in route.usage[:2]] == [{"storage_class": "a"}, {"storage_class": "b"}]


def test_sites_are_means_with_their_code_the_largest_first(tmp_path):
    (tmp_path / "app.py").write_text("one\n    two\n")
    sites = [(("app.py", 1, "f"), Decimal(2)), (("app.py", 2, "f"), Decimal(4)), (("gone.py", 9, "g"), Decimal(2))]
    line = BlockLine(meter="db.query", unit="{query}", labels={}, amounts=[Decimal(4), Decimal(4)], sites=sites)

    route = summarise([Block(cpu_ns=[1, 1], wall_ns=[1, 1], held_bytes=None, lines=[line])], str(tmp_path))

    assert [(site.file, site.line, str(site.amount), site.code) for site in only(route, "db.query").sites] == [
        ("app.py", 2, "2", "two"),
        ("app.py", 1, "1", "one"),
        ("gone.py", 9, "1", ""),
    ]
