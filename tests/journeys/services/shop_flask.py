"""The same shop behind Flask, for servers with one request at a time."""

import os
import time
from functools import cache

import boto3
import requests
from flask import Flask, Response

PIECE_NS = 500_000

app = Flask(__name__)


def burn(pieces: int) -> int:
    """Works until the thread has used the CPU time of the pieces, however fast the machine is."""
    end_ns, turns = time.thread_time_ns() + pieces * PIECE_NS, 0
    while time.thread_time_ns() < end_ns:
        turns += 1
    return turns


@cache
def storage():
    return boto3.client("s3", endpoint_url=os.environ["STORAGE_URL"], region_name="us-east-1")


@app.get("/nothing")
def nothing():
    return {}


@app.get("/report/<int:pieces>")
def report(pieces: int):
    return {"turns": burn(pieces)}


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
