import boto3
from botocore.config import Config

CONSUMED = {"aws.s3.get": 1, "aws.s3.download": 5}


def connect(peers):
    client = boto3.client("s3", config=Config(retries={"max_attempts": 0}), **peers.aws_options())
    client.create_bucket(Bucket="contract")
    client.put_object(Bucket="contract", Key="k", Body=b"value")
    return client


def call(client):
    client.get_object(Bucket="contract", Key="k")["Body"].read()  # <- call


def fail(client):
    client.get_object(Bucket="contract", Key="missing")
