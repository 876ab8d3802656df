import asyncio
from datetime import date
from fractions import Fraction

import anthropic
import openai
import pytest

from codeops import instrument, prices

CHAT = {"llm.input": 400, "llm.cache_read": 600, "llm.output": 30, "llm.reasoning": 20}
WRITING = {"llm.input": 300, "llm.cache_read": 600, "llm.cache_write": 100, "llm.output": 30, "llm.reasoning": 20}
HI = [{"role": "user", "content": "hi"}]


@pytest.fixture
def gpt(web, hooks):
    with openai.OpenAI(base_url=web.url + "/llm/v1", api_key="k", max_retries=0) as client:
        yield client


@pytest.fixture
def claude(web, hooks):
    with anthropic.Anthropic(base_url=web.url + "/llm", api_key="k", max_retries=0) as client:
        yield client


def tokens(tally, model) -> dict:
    found = {meter: amount for (meter, _, labels), amount in tally.lines.items() if meter.startswith("llm.")}
    assert {labels for meter, _, labels in tally.lines if meter.startswith("llm.")} <= {(("model", model),)}
    return found


def chat_stream(client):
    options = {"include_usage": True}
    return list(client.chat.completions.create(model="gpt-4o", messages=HI, stream=True, stream_options=options))


def raw_parsed_twice(client):
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=HI)
    raw.parse()
    raw.parse(to=dict)


OPENAI = [
    ("cached tokens are taken out of the input once", CHAT, lambda c: c.chat.completions.create(model="gpt-4o", messages=HI)),
    ("a stream reports at its end", CHAT, chat_stream),
    ("an answer parsed twice is counted once", CHAT, raw_parsed_twice),
    ("written tokens are apart", WRITING, lambda c: c.responses.create(model="gpt-4o", input="hi")),
    ("a stream of events", WRITING, lambda c: list(c.responses.create(model="gpt-4o", input="hi", stream=True))),
]


@pytest.mark.parametrize(("claim", "expected", "call"), OPENAI, ids=[claim for claim, _, _ in OPENAI])
def test_tokens_of_openai(gpt, here, claim, expected, call):
    with instrument.tally(here) as tally:
        call(gpt)

    assert tokens(tally, "gpt-4o-2024-08-06") == expected


def test_tokens_of_embeddings(gpt, here):
    with instrument.tally(here) as tally:
        gpt.embeddings.create(model="text-embedding-3-small", input="hi")

    assert tokens(tally, "text-embedding-3-small") == {"llm.input": 8}


def test_a_stream_that_was_not_asked_for_usage_reports_none(gpt, here):
    with instrument.tally(here) as tally:
        list(gpt.chat.completions.create(model="gpt-4o", messages=HI, stream=True))

    assert tokens(tally, "") == {}


def anthropic_stream(client):
    with client.messages.stream(model="claude-test", max_tokens=9, messages=HI) as stream:
        stream.get_final_message()


ANTHROPIC = [
    ("an answer", lambda c: c.messages.create(model="claude-test", max_tokens=9, messages=HI)),
    (
        "running totals of a stream are not added up",
        lambda c: list(c.messages.create(model="claude-test", max_tokens=9, messages=HI, stream=True)),
    ),
    ("the stream helper", anthropic_stream),
]


@pytest.mark.parametrize(("claim", "call"), ANTHROPIC, ids=[claim for claim, _ in ANTHROPIC])
def test_tokens_of_anthropic(claude, here, claim, call):
    with instrument.tally(here) as tally:
        call(claude)

    assert tokens(tally, "claude-test") == WRITING


def test_tokens_of_the_async_clients(web, hooks, here):
    async def work():
        async with openai.AsyncOpenAI(base_url=web.url + "/llm/v1", api_key="k", max_retries=0) as client:
            await client.chat.completions.create(model="gpt-4o", messages=HI)
            options = {"include_usage": True}
            async for _ in await client.chat.completions.create(model="gpt-4o", messages=HI, stream=True, stream_options=options):
                pass
        async with anthropic.AsyncAnthropic(base_url=web.url + "/llm", api_key="k", max_retries=0) as client:
            async for _ in await client.messages.create(model="claude-test", max_tokens=9, messages=HI, stream=True):
                pass

    with instrument.tally(here) as tally:
        asyncio.run(work())

    totals = {(meter, dict(labels)["model"]): amount for (meter, _, labels), amount in tally.lines.items() if meter.startswith("llm.")}
    assert totals == {
        **{(meter, "gpt-4o-2024-08-06"): 2 * amount for meter, amount in CHAT.items()},
        **{(meter, "claude-test"): amount for meter, amount in WRITING.items()},
    }
    assert sum(sum(sites.values()) for line, sites in tally.sites.items() if line[0] in {"llm.output", "llm.reasoning"}) == 150


MODELS = [
    ("it costs what output costs", {"model": "gpt-5", "llm_provider": "openai"}, 1),
    ("in a batch what output in a batch costs", {"model": "gpt-5", "llm_provider": "openai", "processing": "batch"}, 1),
    ("where it has a price of its own, that", {"model": "sonar-deep-research", "llm_provider": "perplexity"}, Fraction(3, 8)),
]


@pytest.mark.parametrize(("claim", "labels", "ratio"), MODELS, ids=[row[0] for row in MODELS])
def test_reasoning_has_a_price(tmp_path, claim, labels, ratio):
    (tmp_path / "book.toml").write_text('version = "1"\ncurrency = "USD"\nextends = ["llm"]\n')
    book = prices.load(str(tmp_path / "book.toml"))

    reasoning, output = (book.find(meter, labels, date(2026, 11, 15)).rate.price.amount for meter in ("llm.reasoning", "llm.output"))

    assert Fraction(reasoning) == ratio * Fraction(output) > 0
