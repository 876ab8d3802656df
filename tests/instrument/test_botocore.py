import io
import json

import boto3
import botocore.session
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from codeops import instrument
from codeops.instrument.libraries import botocore as library


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


def lines(tally):
    return {(meter, *(f"{name}={value}" for name, value in labels)): amount for (meter, _, labels), amount in tally.lines.items()}


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


def test_a_call_that_is_refused_is_counted_and_raises(s3, here):
    with instrument.tally(here) as tally, pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="bucket", Key="missing")

    assert lines(tally) == {("aws.s3.get",): 1}


def test_aws_calls_are_no_http_calls_and_no_egress_as_well(s3, here):
    with instrument.tally(here) as tally:
        s3.put_object(Bucket="bucket", Key="k", Body=b"v" * 10_000)

    assert lines(tally) == {("aws.s3.put",): 1}


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
    assert {meter: str(amount) for meter, amount, _, _ in library._dynamodb(operation, answer)} == expected


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


def test_other_services_are_counted_by_operation(aws, here):
    sns, secrets = aws("sns"), aws("secretsmanager")
    topic = sns.create_topic(Name="t")["TopicArn"]

    with instrument.tally(here) as tally:
        sns.publish(TopicArn=topic, Message=json.dumps({}))
        secrets.list_secrets()

    assert lines(tally) == {("aws.sns.request", "operation=Publish"): 1, ("aws.secrets_manager.request", "operation=ListSecrets"): 1}
