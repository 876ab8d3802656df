import gc
import io
import weakref

import boto3
import botocore.session
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

from codeops import instrument
from codeops.instrument.libraries import _aws as library
from instrument.consumed import lines, s3_bytes


@pytest.fixture
def aws(peers, hooks):
    made = []

    def client(service, **options):
        made.append(boto3.client(service, **{**peers.aws_options(), **options}))
        return made[-1]

    yield client
    for one in made:
        one.close()


@pytest.fixture
def s3(aws):
    client = aws("s3")
    client.create_bucket(Bucket="bucket")
    client.put_object(Bucket="bucket", Key="k", Body=b"v")
    return client


CALLS = [
    ("get", lambda s3: s3.get_object(Bucket="bucket", Key="k")),
    ("get", lambda s3: s3.head_object(Bucket="bucket", Key="k")),
    ("get", lambda s3: s3.get_bucket_location(Bucket="bucket")),
    ("put", lambda s3: s3.put_object(Bucket="bucket", Key="n", Body=b"v")),
    ("put", lambda s3: s3.copy_object(Bucket="bucket", Key="c", CopySource="bucket/k")),
    ("put", lambda s3: s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Suspended"})),
    ("list", lambda s3: s3.list_objects_v2(Bucket="bucket")),
    ("list", lambda s3: s3.list_buckets()),
    ("delete", lambda s3: s3.delete_object(Bucket="bucket", Key="n")),
    ("delete", lambda s3: s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "n"}]})),
]


@pytest.mark.parametrize(("kind", "call"), CALLS)
def test_an_s3_call_is_counted_in_the_class_it_is_billed_in(s3, here, kind, call):
    with instrument.tally(here) as tally:
        call(s3)

    assert lines(tally) == {(f"aws.s3.{kind}",): 1}


def test_every_s3_operation_fits_the_method_it_is_sent_with():
    model = botocore.session.get_session().get_service_model("s3")
    fitting = {"GET": {"get", "list"}, "HEAD": {"get"}, "PUT": {"put"}, "DELETE": {"delete"}, "POST": {"put", "delete", "get"}}

    for name in model.operation_names:
        meter = next(meter for words, meter in library._S3_CLASS if name.startswith(words))
        assert meter.rpartition(".")[2] in fitting[model.operation_model(name).http["method"]], name


def test_the_storage_class_of_call_and_answer_is_a_label(s3, here):
    with instrument.tally(here) as tally:
        s3.put_object(Bucket="bucket", Key="ia", Body=b"v", StorageClass="STANDARD_IA")
        s3.get_object(Bucket="bucket", Key="ia")

    assert lines(tally) == {("aws.s3.put", "storage_class=standard-ia"): 1, ("aws.s3.get", "storage_class=standard-ia"): 1}


def test_a_multipart_upload_from_threads_is_counted_part_by_part_at_the_users_line(s3, here):
    config = TransferConfig(multipart_threshold=5 * 2**20, multipart_chunksize=5 * 2**20, max_concurrency=3)

    with instrument.tally(here) as tally:
        s3.upload_fileobj(io.BytesIO(b"x" * 11 * 2**20), "bucket", "big", Config=config)

    assert lines(tally) == {("aws.s3.put",): 1 + 3 + 1}
    ((file, _, function),) = tally.sites["aws.s3.put", "{request}", ()]
    assert (file, function) == ("test_botocore.py", "test_a_multipart_upload_from_threads_is_counted_part_by_part_at_the_users_line")


def test_each_attempt_is_counted(web, hooks, here):
    client = boto3.client(
        "s3",
        endpoint_url=web.url + "/flaky",
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=Config(retries={"max_attempts": 3, "mode": "standard"}),
    )
    web.failures = 2

    with instrument.tally(here) as tally:
        client.head_bucket(Bucket="bucket")
    client.close()

    assert len(web.requests) == 3
    assert lines(tally) == {("aws.s3.get",): 3}


@pytest.fixture
def flaky(web, hooks):
    client = boto3.client(
        "s3",
        endpoint_url=web.url + "/flaky",
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=Config(retries={"max_attempts": 3, "mode": "standard"}),
    )
    yield client
    client.close()


@pytest.mark.parametrize("body", [b"x" * 5000, io.BytesIO(b"x" * 5000)], ids=["bytes", "file"])
def test_a_retry_is_one_more_request_and_sends_the_body_again(web, flaky, here, body):
    web.failures = 1

    with instrument.tally(here) as tally:
        flaky.put_object(Bucket="bucket", Key="k", Body=body)

    assert len(web.requests) == 2
    assert lines(tally) == {("aws.s3.put",): 2}
    assert s3_bytes(tally) == (10_000, len(b"try again"))


def test_a_body_that_the_server_did_not_want_is_not_counted_as_sent(web, flaky, here):
    web.refusals = 1

    with instrument.tally(here) as tally:
        flaky.put_object(Bucket="bucket", Key="k", Body=io.BytesIO(b"x" * 500_000))

    assert len(web.requests) == 2
    assert lines(tally) == {("aws.s3.put",): 2}
    assert s3_bytes(tally)[0] == 500_000
    assert web.received_bytes < 600_000


def test_a_server_that_was_never_reached_bills_nothing(peers, hooks, here):
    options = {**peers.aws_options(), "endpoint_url": f"http://127.0.0.1:{peers.free_port()}"}
    client = boto3.client("s3", config=Config(retries={"max_attempts": 0}), **options)

    with instrument.tally(here) as tally, pytest.raises(EndpointConnectionError):
        client.put_object(Bucket="bucket", Key="k", Body=b"x")
    client.close()

    assert tally.lines == {}


def test_a_call_that_is_refused_is_counted_and_raises(s3, here):
    with instrument.tally(here) as tally, pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="bucket", Key="missing")

    assert lines(tally) == {("aws.s3.get",): 1}


def test_aws_calls_are_no_http_calls_and_no_egress_as_well(s3, here):
    with instrument.tally(here) as tally:
        s3.put_object(Bucket="bucket", Key="k", Body=b"v" * 10_000)

    assert lines(tally) == {("aws.s3.put",): 1}


SIZE = 300_000
READERS = [
    ("all at once", lambda body: body.read()),
    ("in pieces", lambda body: [body.read(1000), body.read()]),
    ("by chunks", lambda body: list(body.iter_chunks(7000))),
    ("by lines", lambda body: list(body.iter_lines())),
    ("as an iterator", list),
    ("readlines", lambda body: body.readlines()),
    ("the raw stream in a with statement", lambda body: _in_with(body, lambda raw: raw.read())),
    ("lines of the raw stream", lambda body: _in_with(body, list)),
    ("the raw stream of urllib3", lambda body: _in_with(body, lambda raw: list(raw.stream(4096)))),
    ("into a buffer", lambda body: body.readinto(bytearray(SIZE))),
    ("as text", lambda body: io.TextIOWrapper(body, encoding="utf-8").read()),
]


def _in_with(body, read):
    with body as raw:
        return read(raw)


@pytest.mark.parametrize(("claim", "read"), READERS, ids=[claim for claim, _ in READERS])
def test_a_downloaded_object_is_counted_as_it_is_read(s3, here, claim, read):
    s3.put_object(Bucket="bucket", Key="lines", Body=b"line\n" * (SIZE // 5))

    with instrument.tally(here) as tally:
        body = s3.get_object(Bucket="bucket", Key="lines")["Body"]
        before = s3_bytes(tally)
        read(body)

    assert before == (0, 0)
    assert s3_bytes(tally) == (0, SIZE)


def test_a_body_counts_for_whoever_reads_it_and_only_what_is_read(s3, here):
    s3.put_object(Bucket="bucket", Key="half", Body=b"x" * SIZE)
    with instrument.tally(here) as asking:
        body = s3.get_object(Bucket="bucket", Key="half")["Body"]

    with instrument.tally(here) as reading:
        body.read(1000)
    body.close()

    assert (lines(asking), s3_bytes(asking)) == ({("aws.s3.get",): 1}, (0, 0))
    assert (lines(reading), s3_bytes(reading)) == ({}, (0, 1000))


def test_bodies_are_not_kept(s3, here):
    class Body(io.BytesIO):
        pass

    sent = Body(b"x" * SIZE)
    with instrument.tally(here):
        s3.put_object(Bucket="bucket", Key="k", Body=sent)
        received = s3.get_object(Bucket="bucket", Key="k")["Body"]
        received.read()
    gone = [weakref.ref(sent), weakref.ref(received), weakref.ref(received._raw_stream)]
    gc.collect()
    gc.disable()
    try:
        del sent, received
        assert [one() for one in gone] == [None, None, None]
    finally:
        gc.enable()


def test_parts_of_a_multipart_upload_and_ranges_of_a_download_are_all_counted(s3, here):
    config = TransferConfig(multipart_threshold=5 * 2**20, multipart_chunksize=5 * 2**20, max_concurrency=3)

    with instrument.tally(here) as up:
        s3.upload_fileobj(io.BytesIO(b"x" * 11 * 2**20), "bucket", "big", Config=config)
    with instrument.tally(here) as down:
        s3.download_fileobj("bucket", "big", io.BytesIO(), Config=config)

    listing = 300  # bytes, about: the XML that names the parts at the end
    assert 11 * 2**20 < s3_bytes(up)[0] < 11 * 2**20 + 3 * listing
    assert s3_bytes(down) == (0, 11 * 2**20)
    assert lines(down) == {("aws.s3.get",): 1 + 3}


def test_reading_from_a_class_with_a_retrieval_fee_is_counted_as_retrieval_too(s3, here):
    s3.put_object(Bucket="bucket", Key="ia", Body=b"x" * 1000, StorageClass="STANDARD_IA")

    with instrument.tally(here) as tally:
        s3.get_object(Bucket="bucket", Key="ia")["Body"].read()

    label = "storage_class=standard-ia"
    assert lines(tally) == {("aws.s3.get", label): 1, ("aws.s3.retrieval", label): 1000}
    assert s3_bytes(tally) == (0, 1000)


def test_a_client_made_before_the_hooks_is_counted(peers, here):
    client = boto3.client("s3", **peers.aws_options())
    instrument.install()

    with instrument.tally(here) as tally:
        client.list_buckets()
    instrument.uninstall()
    client.close()

    assert lines(tally) == {("aws.s3.list",): 1}


@pytest.fixture
def table(aws):
    client = aws("dynamodb")
    client.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    yield client
    client.delete_table(TableName="t")


def test_dynamodb_units_are_counted_where_the_answer_tells_them(table, here):
    with instrument.tally(here) as tally:
        table.put_item(TableName="t", Item={"id": {"S": "1"}}, ReturnConsumedCapacity="TOTAL")
        table.get_item(TableName="t", Key={"id": {"S": "1"}}, ReturnConsumedCapacity="TOTAL")

    units = {meter: unit for meter, unit, _ in tally.lines}
    assert units == {
        "aws.dynamodb.write": library.METERS["aws.dynamodb.write"][0],
        "aws.dynamodb.read": library.METERS["aws.dynamodb.read"][0],
    }


def test_dynamodb_calls_whose_units_are_not_known_are_counted_as_calls(table, here):
    with instrument.tally(here) as tally:
        table.put_item(TableName="t", Item={"id": {"S": "1"}})
        table.query(TableName="t", KeyConditionExpression="id = :i", ExpressionAttributeValues={":i": {"S": "1"}})
        table.describe_table(TableName="t")

    assert lines(tally) == {
        ("aws.dynamodb.write_call", "operation=PutItem"): 1,
        ("aws.dynamodb.read_call", "operation=Query"): 1,
        ("aws.dynamodb.request", "operation=DescribeTable"): 1,
    }


CAPACITIES = [
    ("GetItem", {"ConsumedCapacity": {"CapacityUnits": 0.5}}, {"aws.dynamodb.read": "0.5"}),
    ("PutItem", {"ConsumedCapacity": {"CapacityUnits": 3.0}}, {"aws.dynamodb.write": "3.0"}),
    ("BatchGetItem", {"ConsumedCapacity": [{"CapacityUnits": 1.0}, {"CapacityUnits": 2.5}]}, {"aws.dynamodb.read": "3.5"}),
    (
        "TransactWriteItems",
        {"ConsumedCapacity": [{"CapacityUnits": 8.0, "ReadCapacityUnits": 2.0, "WriteCapacityUnits": 6.0}]},
        {"aws.dynamodb.read": "2.0", "aws.dynamodb.write": "6.0"},
    ),
    ("GetItem", {}, {"aws.dynamodb.read_call": "1"}),
    ("GetItem", {"Error": {}}, {"aws.dynamodb.read_call": "1"}),
    ("ExecuteStatement", {}, {"aws.dynamodb.request": "1"}),
]


@pytest.mark.parametrize(("operation", "answer", "expected"), CAPACITIES)
def test_dynamodb_capacity(operation, answer, expected):
    assert {meter: str(amount) for meter, amount, _, _ in library._dynamodb("dynamodb", operation, {}, answer)} == expected


@pytest.mark.parametrize(
    ("size", "requests"),
    [(0, 1), (65536, 1), (65537, 2), (262144, 4)],
    ids=["empty counts as one", "64 KB exactly", "one byte more", "the old maximum"],
)
def test_sqs_counts_chunks_of_64_kb(aws, here, size, requests):
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]

    with instrument.tally(here) as tally:
        sqs.send_message(QueueUrl=url, MessageBody="x" * size) if size else sqs.receive_message(QueueUrl=url)

    assert sum(tally.lines.values()) == requests
    assert {labels[1] for _, _, labels in tally.lines} == {("queue_type", "standard")}
    sqs.delete_queue(QueueUrl=url)


def test_sqs_counts_the_attributes_and_the_batch():
    message = {"MessageBody": "x" * 60_000, "MessageAttributes": {"name": {"DataType": "String", "StringValue": "y" * 10_000}}}

    assert library._payload([message, message], "MessageBody") == 2 * (60_000 + 4 + 6 + 10_000)


SNS = [
    ("a small message", "t", "x", 1, "standard"),
    ("64 KB exactly", "t", "x" * 65536, 1, "standard"),
    ("one byte more", "t", "x" * 65537, 2, "standard"),
    ("fifo topics count messages", "t.fifo", "x" * 65537, 1, "fifo"),
]


@pytest.mark.parametrize(("claim", "name", "message", "requests", "kind"), SNS, ids=[row[0] for row in SNS])
def test_sns_counts_chunks_of_64_kb(aws, here, claim, name, message, requests, kind):
    sns = aws("sns")
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true"} if kind == "fifo" else {}
    topic = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
    group = {"MessageGroupId": "g"} if kind == "fifo" else {}

    with instrument.tally(here) as tally:
        sns.publish(TopicArn=topic, Message=message, **group)

    assert lines(tally) == {("aws.sns.publish", f"topic_type={kind}"): requests}


def test_a_batch_to_sns_counts_its_whole_payload(aws, here):
    sns = aws("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    batch = [{"Id": str(number), "Message": "x" * 50_000} for number in range(3)]

    with instrument.tally(here) as tally:
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=batch)

    assert lines(tally) == {("aws.sns.publish", "topic_type=standard"): 3}


LAMBDA = [
    ("Invoke", {"FunctionName": "f"}, ("aws.lambda.request", {})),
    ("InvokeWithResponseStream", {"FunctionName": "f"}, ("aws.lambda.request", {})),
    ("Invoke", {"FunctionName": "f", "InvocationType": "DryRun"}, ("aws.lambda.control_call", {"operation": "Invoke"})),
    ("ListFunctions", {}, ("aws.lambda.control_call", {"operation": "ListFunctions"})),
]


@pytest.mark.parametrize(("operation", "params", "expected"), LAMBDA)
def test_only_invocations_of_lambda_are_billed(operation, params, expected):
    ((meter, amount, _, labels),) = library._lambda("lambda", operation, params, {})

    assert (meter, labels, amount) == (*expected, 1)


TOKENS = {"llm.input": 300, "llm.output": 50, "llm.cache_read": 600, "llm.cache_write": 100}
MODEL = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
HI = [{"role": "user", "content": [{"text": "hi"}]}]
BEDROCK = [
    ("usage of an answer", lambda c: c.converse(modelId=MODEL, messages=HI)),
    ("usage at the end of a stream", lambda c: list(c.converse_stream(modelId=MODEL, messages=HI)["stream"])),
    ("headers", lambda c: c.invoke_model(modelId=MODEL, body=b"{}")["body"].read()),
    ("metrics at the end of a stream", lambda c: list(c.invoke_model_with_response_stream(modelId=MODEL, body=b"{}")["body"])),
    ("a profile named in full", lambda c: c.converse(modelId=f"arn:aws:bedrock:us-east-1:1:inference-profile/{MODEL}", messages=HI)),
]


@pytest.mark.parametrize(("claim", "call"), BEDROCK, ids=[claim for claim, _ in BEDROCK])
def test_tokens_of_bedrock(aws, web, here, claim, call):
    bedrock = aws("bedrock-runtime", endpoint_url=web.url + "/llm")

    with instrument.tally(here) as tally:
        answer = call(bedrock)

    assert answer
    assert {meter: amount for (meter, _, _), amount in tally.lines.items()} == TOKENS
    assert {labels for _, _, labels in tally.lines} == {(("llm_provider", "aws"), ("model", MODEL))}


def test_the_models_of_bedrock_have_a_price():
    from codeops.prices import llm

    labels = {"model": MODEL, "llm_provider": "aws"}

    for meter in TOKENS:
        assert all(": aws/" in str(price.origin) for price in llm.entries(meter, labels)), meter


def test_a_request_to_bedrock_that_reports_no_tokens_is_counted_as_a_request(aws, web, here):
    bedrock = aws("bedrock-runtime", endpoint_url=web.url + "/missing", config=Config(retries={"max_attempts": 0}))

    with instrument.tally(here) as tally, pytest.raises(ClientError):
        bedrock.converse(modelId=MODEL, messages=HI)

    assert lines(tally) == {("aws.bedrock_runtime.request", "operation=Converse"): 1}


def test_other_services_are_counted_by_operation(aws, here):
    sns, secrets = aws("sns"), aws("secretsmanager")

    with instrument.tally(here) as tally:
        sns.list_topics()
        secrets.list_secrets()

    assert lines(tally) == {("aws.sns.request", "operation=ListTopics"): 1, ("aws.secrets_manager.request", "operation=ListSecrets"): 1}
