import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from genai_prices import Usage as Tokens
from genai_prices import calc_price

from codeops import prices
from codeops.core.errors import MissingExtra, MissingPrice
from codeops.core.money import Quantity
from codeops.core.pricebook import PriceBook
from codeops.core.unit import Unit
from codeops.core.usage import Usage
from codeops.prices import llm

Write = Callable[..., str]
AT = date(2026, 11, 15)
HEAD = 'version = "1"\ncurrency = "USD"\nextends = ["llm"]\n'
METERS = ("llm.input", "llm.output", "llm.cache_read", "llm.cache_write")


@pytest.fixture
def book(written: Write) -> PriceBook:
    return prices.load(written(HEAD))


def amount(book: PriceBook, meter: str, labels: dict[str, str], at: date = AT) -> Decimal:
    price = book.find(meter, labels, at)
    assert str(price.per) == "1000000 {token}"
    return price.rate.price.amount


def test_the_prices_are_those_that_the_package_reckons_with(book: PriceBook) -> None:
    noon = datetime(AT.year, AT.month, AT.day, 12, tzinfo=UTC)
    for model, provider in [
        ("claude-sonnet-4-20250514", "anthropic"),
        ("gpt-4o-mini", "openai"),
        ("gemini-2.5-flash", "google"),
        ("gpt-4o", "azure"),
    ]:
        labels = {"model": model, "llm_provider": provider}
        tokens = Tokens(input_tokens=1500, cache_read_tokens=500, output_tokens=200)
        usages = [
            Usage(meter, Quantity(Decimal(count), Unit.parse("{token}")), labels)
            for meter, count in (("llm.input", 1000), ("llm.cache_read", 500), ("llm.output", 200))
        ]

        theirs = calc_price(tokens, model, provider_id=provider, genai_request_timestamp=noon).total_price

        assert book.price(usages, AT).total.amount == theirs, model


def test_a_model_is_found_as_its_provider_spells_it(book: PriceBook) -> None:
    assert amount(book, "llm.input", {"model": "claude-3-5-haiku-20241022"}) == Decimal("0.8")
    assert book.find("llm.input", {"model": "claude-3-5-haiku-20241022"}, AT).assumed({}) == {"llm_provider": "anthropic"}


def test_cached_tokens_without_a_price_of_their_own_cost_what_input_costs(book: PriceBook) -> None:
    price = book.find("llm.cache_read", {"model": "claude-2"}, AT)

    assert price.rate.price.amount == amount(book, "llm.input", {"model": "claude-2"})
    assert "what input costs" in price.note


def test_a_long_prompt_has_its_own_price_and_the_short_one_is_assumed_with_a_caveat(book: PriceBook) -> None:
    labels = {"model": "gemini-2.5-pro", "llm_provider": "google"}
    usage = Usage("llm.input", Quantity.parse("1000 {token}"), labels)

    assert amount(book, "llm.input", {**labels, "prompt_tokens": "above-200000"}) == 2 * amount(book, "llm.input", labels)
    assert [caveat.kind for caveat in book.price([usage], AT).caveats] == ["assumed-prompt-tokens"]


def test_a_way_of_asking_has_its_own_price(book: PriceBook) -> None:
    labels = {"model": "gpt-5", "llm_provider": "openai"}

    assert amount(book, "llm.input", {**labels, "processing": "batch"}) * 2 == amount(book, "llm.input", labels)


def test_the_peak_hours_are_assumed_where_the_time_of_day_decides(book: PriceBook) -> None:
    labels = {"model": "deepseek-chat", "llm_provider": "deepseek"}
    peak = dict(book.find("llm.output", labels, AT).when.terms)["time_of_day"][0]

    assert amount(book, "llm.output", labels) == amount(book, "llm.output", {**labels, "time_of_day": peak})
    assert amount(book, "llm.output", labels) > amount(book, "llm.output", {**labels, "time_of_day": "other"})


def test_prices_change_on_the_day_that_the_package_says(book: PriceBook) -> None:
    changed = next(
        price
        for price in llm.entries("llm.input", {})
        if price.valid_from and price.valid_to is None and not {"processing", "service_tier", "time_of_day"} & price.when.names()
    )
    labels = {name: values[0] for name, values in changed.when.terms}
    assert changed.valid_from is not None

    assert book.find("llm.input", labels, changed.valid_from).valid_from == changed.valid_from
    assert book.find("llm.input", labels, changed.valid_from - timedelta(days=1)).valid_to == changed.valid_from


def test_a_price_that_another_has_overtaken_holds_on_no_day() -> None:
    def part(name: str, start: date | None) -> SimpleNamespace:
        return SimpleNamespace(prices=name, constraint=start and SimpleNamespace(start_date=start))

    spans = list(llm._spans([part("first", None), part("overtaken", date(2026, 3, 1)), part("last", date(2026, 1, 1))]))

    assert [(span.prices, span.start, span.end) for span in spans] == [("last", date(2026, 1, 1), None), ("first", None, date(2026, 1, 1))]


def test_an_unknown_model_has_no_price_and_not_that_of_another(book: PriceBook) -> None:
    for labels in ({"model": "zzz-unheard-of"}, {"model": "gpt-4o", "llm_provider": "nobody"}):
        with pytest.raises(MissingPrice):
            book.find("llm.input", labels, AT)


def test_usage_without_a_model_has_no_price(book: PriceBook) -> None:
    with pytest.raises(MissingPrice) as caught:
        book.find("llm.input", {}, AT)

    assert "model is not given" in caught.value.why


def test_a_price_of_ones_own_goes_first(written: Write) -> None:
    own = '[[price]]\nmeter = "llm.input"\nprice = "1"\nper = "1000000 {token}"\nwhen = { model = "gpt-4o" }\n'

    assert amount(prices.load(written(HEAD + own)), "llm.input", {"model": "gpt-4o"}) == 1


def test_every_model_is_listed_with_a_source_for_each_meter() -> None:
    for meter in METERS:
        entries = llm.entries(meter, {})

        assert len(entries) > 1000
        assert all(entry.source.startswith("genai-prices ") and entry.currency == "USD" for entry in entries)


def test_loading_the_book_does_not_import_the_package(written: Write) -> None:
    script = f"import sys; from codeops import prices; prices.load({written(HEAD)!r}); print('genai_prices' in sys.modules, 'pydantic' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "False False\n"


def test_the_book_can_be_sent_to_another_process(book: PriceBook) -> None:
    assert amount(pickle.loads(pickle.dumps(book)), "llm.input", {"model": "gpt-4o"}) == Decimal("2.5")


def test_without_the_extra_the_fix_is_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch, written: Write) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)

    with pytest.raises(MissingExtra) as caught:
        prices.load(written(HEAD))

    assert caught.value.fix == "pip install 'codeops[llm]'"
