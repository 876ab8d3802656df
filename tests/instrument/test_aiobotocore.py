import asyncio
import io
import threading

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.httpxsession import HttpxSession
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from codeops import instrument
from instrument.consumed import BYTES, lines, s3_bytes

SIZE = 300_000
OBJECT = b"line\n" * (SIZE // 5)


def worked(peers, work, service="s3", **options):
    """What `work` returns, for a client whose bucket holds an object."""

    async def main():
        config = options.pop("config", None)
        async with get_session().create_client(service, config=config, **{**peers.aws_options(), **options}) as client:
            if service == "s3" and not options:
                await client.create_bucket(Bucket="async")
                await client.put_object(Bucket="async", Key="k", Body=OBJECT)
            return await work(client)

    return asyncio.run(main())


async def _chunks(body):
    return [chunk async for chunk in body.iter_chunks(7000)]


async def _lines(body):
    return [line async for line in body.iter_lines()]


async def _pieces(body):
    return [await body.read(1000), await body.read()]


async def _in_with(body):
    async with body as raw:
        return await raw.read()


async def _into_buffers(body):
    while await body.readinto(bytearray(7000)):
        pass


READERS = [
    ("all at once", lambda body: body.read()),
    ("in pieces", _pieces),
    ("by chunks", _chunks),
    ("by lines", _lines),
    ("in a with statement", _in_with),
    ("into a buffer", _into_buffers),
]
HTTPX = AioConfig(http_session_cls=HttpxSession)


@pytest.mark.parametrize(("claim", "read"), READERS, ids=[claim for claim, _ in READERS])
def test_a_downloaded_object_is_counted_as_it_is_read(peers, hooks, here, claim, read):
    async def work(s3):
        with instrument.tally(here) as tally:
            body = (await s3.get_object(Bucket="async", Key="k"))["Body"]
            before = s3_bytes(tally)
            await read(body)
        return before, tally

    before, tally = worked(peers, work)

    assert before == (0, 0)
    assert s3_bytes(tally) == (0, SIZE)
    assert lines(tally) == {("aws.s3.get",): 1}


@pytest.mark.parametrize("make", [bytes, io.BytesIO], ids=["bytes", "file"])
def test_an_upload_is_counted_once_and_is_no_http_call_as_well(peers, hooks, here, make):
    async def work(s3):
        with instrument.tally(here) as tally:
            await s3.put_object(Bucket="async", Key="n", Body=make(OBJECT))
        return tally

    tally = worked(peers, work)

    assert tally.lines == {("aws.s3.put", "{request}", ()): 1, ("aws.s3.upload", "By", ()): SIZE}
    assert {site[2] for sites in tally.sites.values() for site in sites} == {work.__qualname__}


def test_over_httpx_the_same_is_counted_and_no_http_call_as_well(peers, hooks, here):
    async def work(s3):
        with instrument.tally(here) as tally:
            for _, read in READERS[:3]:
                await read((await s3.get_object(Bucket="async", Key="k"))["Body"])
            await s3.put_object(Bucket="async", Key="n", Body=io.BytesIO(OBJECT))
        return tally

    tally = worked(peers, work, config=HTTPX)
    for thread in threading.enumerate():
        if thread.name == "AnyIO worker thread":
            thread.join(5)

    assert lines(tally) == {("aws.s3.get",): 3, ("aws.s3.put",): 1}
    assert s3_bytes(tally) == (SIZE, 3 * SIZE)
    assert {meter for meter, _, _ in tally.lines} == {"aws.s3.get", "aws.s3.put", *BYTES}


def test_a_retry_is_one_more_request_and_sends_the_body_again(peers, web, hooks, here):
    web.failures = 1

    async def work(s3):
        with instrument.tally(here) as tally:
            await s3.put_object(Bucket="async", Key="n", Body=OBJECT)
        return tally

    tally = worked(peers, work, endpoint_url=web.url + "/flaky")

    assert len(web.requests) == 2
    assert lines(tally) == {("aws.s3.put",): 2}
    assert s3_bytes(tally) == (2 * SIZE, len(b"try again"))


def test_a_body_that_the_server_did_not_want_is_not_counted_as_sent(peers, web, hooks, here):
    web.refusals = 1

    async def work(s3):
        with instrument.tally(here) as tally:
            await s3.put_object(Bucket="async", Key="n", Body=io.BytesIO(OBJECT))
        return tally

    tally = worked(peers, work, endpoint_url=web.url + "/flaky")

    assert len(web.requests) == 2
    assert s3_bytes(tally)[0] == SIZE


def test_a_client_made_before_the_hooks_counts_once_with_both_libraries_hooked(peers, here):
    async def work(s3):
        instrument.install(["botocore", "aiobotocore"])
        with instrument.tally(here) as tally:
            await s3.list_objects_v2(Bucket="async")
        instrument.uninstall()
        with instrument.tally(here) as after:
            await s3.list_objects_v2(Bucket="async")
        return tally, after

    tally, after = worked(peers, work)

    assert lines(tally) == {("aws.s3.list",): 1}
    assert after.lines == {}


def test_a_client_of_aiobotocore_is_not_counted_for_botocore(peers, here):
    async def work(s3):
        instrument.install(["botocore"])
        with instrument.tally(here) as tally:
            await s3.list_objects_v2(Bucket="async")
        instrument.uninstall()
        return tally

    assert worked(peers, work).lines == {}


def test_a_call_that_is_refused_is_counted_and_raises(peers, hooks, here):
    async def work(s3):
        with instrument.tally(here) as tally, pytest.raises(ClientError, match="NoSuchKey"):
            await s3.get_object(Bucket="async", Key="missing")
        return tally

    assert lines(worked(peers, work)) == {("aws.s3.get",): 1}


def test_calls_gathered_in_tasks_are_all_counted(peers, hooks, here):
    async def work(s3):
        with instrument.tally(here) as tally:
            await asyncio.gather(*(s3.head_object(Bucket="async", Key="k") for _ in range(10)))
        return tally

    assert lines(worked(peers, work)) == {("aws.s3.get",): 10}


def test_tokens_of_a_stream_of_bedrock(peers, web, hooks, here):
    async def work(bedrock):
        with instrument.tally(here) as tally:
            answer = await bedrock.converse_stream(modelId="amazon.nova-pro-v1:0", messages=[{"role": "user", "content": [{"text": "hi"}]}])
            events = [event async for event in answer["stream"]]
        return tally, events

    tally, events = worked(peers, work, service="bedrock-runtime", endpoint_url=web.url + "/llm")

    assert [next(iter(event)) for event in events] == ["contentBlockDelta", "metadata"]
    assert {meter: amount for (meter, _, _), amount in tally.lines.items()} == {
        "llm.input": 300,
        "llm.output": 50,
        "llm.cache_read": 600,
        "llm.cache_write": 100,
    }
