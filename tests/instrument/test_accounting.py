import threading

import pytest

from codeops.instrument.rates import Rates
from instrument import accounts

CHARGE = ("stripe.charge", "{request}", ())
NOBODY = ("foo.bar", "{request}", ())


@pytest.fixture(params=["_native", "pure"])
def keeper(request):
    return request.param


@pytest.fixture
def make(keeper):
    """Makes accountings whose ledger is stopped at the end."""
    made = []

    def make(**options):
        one = accounts.accounting(keeper, **options)
        one.books.start()
        made.append(one)
        return one

    yield make
    for one in made:
        one.keeper.enter(None)
        one.books.stop()


def work(accounting, owner, *, steps=30_000, lines=()):
    accounting.keeper.enter(owner)
    accounts.burn(steps)
    for line, amount in lines:
        accounting.add(line, amount)
    accounting.keeper.enter(None)


def row(accounting, name):
    return next(row for row in accounting.rows() if row.name == name)


def test_a_span_carries_its_own_usage_and_its_cost(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)
    child = accounting.begin("query", root, is_root=False)
    work(accounting, child, lines=[(CHARGE, 2)])

    attributes = accounting.finish(child, "query", {})

    cpu_s = attributes["cost.usage.compute.cpu"]
    assert cpu_s > 0
    assert attributes["cost.usage.stripe.charge"] == 2
    assert attributes["cost.self"] == pytest.approx(2 * cpu_s + 2 * 0.5)
    assert "cost.request" not in attributes


def test_the_cost_of_a_request_is_the_sum_of_what_its_spans_cost(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)
    children = [accounting.begin(f"step {number}", root, is_root=False) for number in range(3)]
    selves = []
    for child in children:
        work(accounting, child, lines=[(CHARGE, 1)])
        selves.append(accounting.finish(child, "step", {})["cost.self"])
    work(accounting, root)

    attributes = accounting.finish(root, "GET /a", {})

    assert attributes["cost.request"] == pytest.approx(sum(selves) + attributes["cost.self"], rel=1e-12)
    assert attributes["cost.request.nano"] == round(attributes["cost.request"] * 1e9)


def test_zeros_are_left_out(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)
    child = accounting.begin("nothing", root, is_root=False)

    assert accounting.finish(child, "nothing", {}) == {}


def test_a_meter_without_a_price_is_named_and_costs_nothing_known(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)
    child = accounting.begin("step", root, is_root=False)
    work(accounting, child, steps=0, lines=[(NOBODY, 3), (CHARGE, 1)])

    own = accounting.finish(child, "step", {})
    whole = accounting.finish(root, "GET /a", {})

    assert own["cost.usage.foo.bar"] == 3
    assert own["cost.unpriced"] == whole["cost.unpriced"] == "foo.bar"
    assert row(accounting, "step").unpriced == ("foo.bar",)


def test_without_a_price_of_cpu_the_cost_is_a_lower_bound_and_says_so(make):
    accounting = make(prices=accounts.book(accounts.price("stripe.charge", "0.5", "{request}")))
    root = accounting.begin("GET /a", None, is_root=True)
    work(accounting, root, lines=[(CHARGE, 1)])

    attributes = accounting.finish(root, "GET /a", {})

    assert attributes["cost.request"] == pytest.approx(0.5)
    assert attributes["cost.unpriced"] == "compute.cpu"


def test_without_a_price_book_usage_is_there_and_money_is_absent(make):
    accounting = make(is_priced=False)
    root = accounting.begin("GET /a", None, is_root=True)
    work(accounting, root, lines=[(CHARGE, 1)])

    attributes = accounting.finish(root, "GET /a", {})

    assert set(attributes) == {"cost.usage.compute.cpu", "cost.usage.stripe.charge"}
    assert row(accounting, "GET /a").cost is None


def test_labels_that_are_known_late_hold_for_the_whole_request(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)
    early = accounting.begin("early", root, is_root=False)
    work(accounting, early)
    accounting.finish(early, "early", {})
    accounting.keeper.enter(root)
    accounting.label("tenant.id", "acme")
    accounting.evaluated("checkout", "on")
    accounting.lookup(True)
    accounting.lookup(False)
    accounting.lookup(True)
    accounting.keeper.enter(None)

    attributes = accounting.finish(root, "GET /a", {"http.route": "/a"})

    expected = {
        "tenant.id": "acme",
        "http.route": "/a",
        "cache_hit": "false",
        "feature_flag.key": "checkout",
        "feature_flag.result.variant": "on",
    }
    assert row(accounting, "early").labels == expected == row(accounting, "GET /a").labels
    assert {name: attributes[name] for name in expected if name != "http.route"} == {
        name: value for name, value in expected.items() if name != "http.route"
    }


def test_own_labels_hold_for_a_span_and_all_below_it(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)
    child = accounting.begin("step", root, is_root=False, labels={"team": "search"})
    grandchild = accounting.begin("below", child, is_root=False)
    for owner, name in ((grandchild, "below"), (child, "step"), (root, "GET /a")):
        accounting.finish(owner, name, {})

    assert row(accounting, "below").labels == row(accounting, "step").labels == {"team": "search"}
    assert row(accounting, "GET /a").labels == {}


def test_a_required_tenant_that_is_missing_is_a_number(make):
    accounting = make(is_tenant_required=True)
    root = accounting.begin("GET /a", None, is_root=True)

    attributes = accounting.finish(root, "GET /a", {})

    assert attributes["tenant.id"] == "(missing)"
    assert row(accounting, "GET /a").labels == {"tenant.id": "(missing)"}


def test_a_span_that_ends_twice_counts_once(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)
    accounting.finish(root, "GET /a", {})

    assert accounting.finish(root, "GET /a", {}) == {}
    assert row(accounting, "GET /a").count == 1


def test_a_child_that_ends_after_its_root_is_in_the_totals_under_the_labels_of_the_root(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)
    child = accounting.begin("late", root, is_root=False)
    accounting.finish(root, "GET /a", {"tenant.id": "acme"})
    work(accounting, child, lines=[(CHARGE, 1)])
    accounting.finish(child, "late", {})

    late = row(accounting, "late")
    assert late.labels == {"tenant.id": "acme"}
    assert late.usage["stripe.charge"] == 1
    assert late.root == "GET /a"


def test_what_comes_after_the_end_is_late_and_not_lost(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)
    accounting.finish(root, "GET /a", {})
    work(accounting, root, lines=[(CHARGE, 1)])

    after = row(accounting, "GET /a")
    assert after.late_s > 0
    assert after.usage["compute.cpu"] == pytest.approx(after.late_s)
    assert after.usage["stripe.charge"] == 1


def test_what_is_counted_outside_of_any_span_has_a_row(make):
    accounting = make()
    accounting.add(CHARGE, 3)

    assert row(accounting, "(no span)").usage == {"stripe.charge": 3}


def test_a_span_that_is_dropped_without_an_end_loses_neither_cpu_nor_counts(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)
    child = accounting.begin("step", root, is_root=False)
    work(accounting, child, lines=[(CHARGE, 1)])
    accounting.finish(child, "step", {})
    work(accounting, root, steps=300_000, lines=[(CHARGE, 2)])  # long against the microseconds between two readings of clocks
    del root, child

    rows = {row.name: row for row in accounting.rows()}
    assert rows["(unended)"].usage["stripe.charge"] == 3
    assert rows["(unended)"].usage["compute.cpu"] > 0, "the child had ended, in a tree that was dropped"
    assert rows["unattributed.unended"].usage["compute.cpu"] > 0
    assert accounting.balance().error_ratio <= 0.005


def test_a_span_that_is_open_for_long_is_reported_before_its_end_and_whole_at_its_end(make):
    accounting = make()
    root = accounting.begin("worker", None, is_root=True)
    work(accounting, root, lines=[(CHARGE, 1)])
    accounting.report()
    first = {row.name: row for row in accounting.report()}["worker"]
    work(accounting, root, lines=[(CHARGE, 1)])

    attributes = accounting.finish(root, "worker", {})
    last = {row.name: row for row in accounting.report()}["worker"]

    assert first.usage["stripe.charge"] == 1
    assert attributes["cost.usage.stripe.charge"] == 2 == last.usage["stripe.charge"]
    assert attributes["cost.usage.compute.cpu"] == pytest.approx(last.usage["compute.cpu"])
    assert last.count == 1


def test_a_report_never_goes_down(make):
    accounting = make()
    roots = [accounting.begin("worker", None, is_root=True) for _ in range(5)]
    seen = []
    for number in range(10):
        work(accounting, roots[number % 5], lines=[(CHARGE, 1)])
        if number > 5:
            accounting.finish(roots[number % 5], "worker", {})
        seen.append(sum(row.usage.get("stripe.charge", 0) for row in accounting.report()))

    assert seen == sorted(seen)
    accounting.report()
    assert sum(row.usage.get("stripe.charge", 0) for row in accounting.report()) == 10


def test_in_the_child_of_a_fork_the_parent_s_spans_count_nothing(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)
    work(accounting, root, lines=[(CHARGE, 1)])
    accounting.forked()

    assert accounting.finish(root, "GET /a", {}) == {}
    assert not [row for row in accounting.rows() if row.name == "GET /a"]


def test_tokens_of_a_model_s_span_are_counted_from_its_attributes_unless_a_client_s_hook_did(make):
    tokens = accounts.price("llm.input", "0.1", "{token}")
    accounting = make(prices=accounts.book(tokens, accounts.price("llm.output", "1", "{token}")))
    given = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 2, "gen_ai.request.model": "m"}
    root = accounting.begin("GET /a", None, is_root=True)
    by_attributes = accounting.begin("chat m", root, is_root=False)
    by_hook = accounting.begin("chat n", root, is_root=False)
    work(accounting, by_hook, steps=0, lines=[(("llm.input", "{token}", (("model", "m"),)), 10)])

    first = accounting.finish(by_attributes, "chat m", given)
    second = accounting.finish(by_hook, "chat n", given)

    assert (first["cost.usage.llm.input"], first["cost.usage.llm.output"]) == (10, 2)
    assert first["gen_ai.usage.cost.amount"] == pytest.approx(3.0)
    assert first["gen_ai.usage.cost.currency"] == "USD"
    assert second["cost.usage.llm.input"] == 10
    assert "cost.usage.llm.output" not in second


def test_a_million_tenants_fill_a_bounded_number_of_rows_and_their_sum_is_exact(make):
    accounting = make(most_rows=50)
    for number in range(2_000):
        root = accounting.begin("GET /a", None, is_root=True, labels={"tenant.id": f"t{number}"})
        accounting.keeper.enter(root)
        accounting.add(CHARGE, 1)
        accounting.keeper.enter(None)
        accounting.finish(root, "GET /a", {})

    rows = [row for row in accounting.rows() if row.name == "GET /a"]
    assert len(rows) <= 52
    assert sum(row.count for row in rows) == 2_000 == sum(row.usage["stripe.charge"] for row in rows)
    assert {"tenant.id": "other"} in [row.labels for row in rows]


def test_names_of_spans_without_end_fill_a_bounded_number_of_parts(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)
    for number in range(500):
        accounting.finish(accounting.begin(f"GET /user/{number}", root, is_root=False), f"GET /user/{number}", {})

    assert len(root.tree.parts) <= 65
    accounting.finish(root, "GET /a", {})
    assert sum(row.count for row in accounting.rows()) == 501


def test_counts_from_many_threads_for_one_owner_are_exact(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)

    def count():
        accounting.keeper.enter(root)
        for _ in range(2_000):
            accounting.add(CHARGE, 1)
        accounting.keeper.enter(None)
        accounting.keeper.leave_thread()

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert accounting.finish(root, "GET /a", {})["cost.usage.stripe.charge"] == 16_000


def test_the_books_balance(make):
    accounting = make()
    for _ in range(20):
        root = accounting.begin("GET /a", None, is_root=True)
        work(accounting, root)
        accounting.finish(root, "GET /a", {})
    accounting.rows()
    balance = accounting.balance()

    assert balance.spans_ns <= balance.process_ns * 1.001
    assert balance.error_ratio <= 0.005


def test_what_was_consumed_before_prices_changed_keeps_its_cost(make):
    accounting = make()
    dearer = Rates(
        accounts.book(accounts.price("stripe.charge", "10", "{request}"), accounts.price("compute.cpu", "200", "vCPU.s")), {}, accounts.DAY
    )
    root = accounting.begin("GET /a", None, is_root=True)
    work(accounting, root, lines=[(CHARGE, 4)])
    accounting.finish(root, "GET /a", {})
    before = row(accounting, "GET /a")
    accounting.price_by(dearer)
    unchanged = row(accounting, "GET /a")
    again = accounting.begin("GET /a", None, is_root=True)
    work(accounting, again, lines=[(CHARGE, 1)])
    attributes = accounting.finish(again, "GET /a", {})

    after = row(accounting, "GET /a")
    assert unchanged.cost == pytest.approx(before.cost)
    assert after.cost == pytest.approx(before.cost + attributes["cost.self"])
    assert after.usage["stripe.charge"] == 5


def test_a_meter_that_had_no_price_before_prices_changed_stays_named(make):
    accounting = make()
    root = accounting.begin("GET /a", None, is_root=True)
    work(accounting, root, steps=0, lines=[(NOBODY, 4)])
    accounting.finish(root, "GET /a", {})
    accounting.price_by(
        Rates(accounts.book(accounts.price("foo.bar", "1", "{request}"), accounts.price("compute.cpu", "2", "vCPU.s")), {}, accounts.DAY)
    )

    found = row(accounting, "GET /a")

    assert found.unpriced == ("foo.bar",), "the four of them were not priced when they were consumed"
