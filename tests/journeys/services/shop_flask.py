"""The same shop behind Flask, for servers with one request at a time."""

import os
from functools import cache

import boto3
import requests
from flask import Flask, Response

PIECE = 4_500

app = Flask(__name__)


def burn(pieces: int) -> int:
    number = 1
    for _ in range(pieces * PIECE):
        number = (number * 1103515245 + 12345) & 0x7FFFFFFF
    return number


@cache
def storage():
    return boto3.client("s3", endpoint_url=os.environ["STORAGE_URL"], region_name="us-east-1")


@app.get("/nothing")
def nothing():
    return {}


@app.get("/report/<int:pieces>")
def report(pieces: int):
    return {"number": burn(pieces)}


@app.get("/file/<int:size>")
def file(size: int):
    return Response(bytes(size), mimetype="application/octet-stream")


@app.get("/stream/<int:parts>")
def stream(parts: int):
    return Response((f"line {part}\n" * 100 for part in range(parts)), mimetype="text/plain")


@app.get("/stored/<int:count>")
def stored(count: int):
    return {"size": sum(len(storage().get_object(Bucket="shop", Key="order")["Body"].read()) for _ in range(count))}


@app.get("/asked/<int:count>")
def asked(count: int):
    return {"answers": [requests.post(f"{os.environ['PEER_URL']}/orders", data=b"x" * 100, timeout=5).status_code for _ in range(count)]}
