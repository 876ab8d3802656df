"""A shop that knows nothing of CodeOps: CPU in coroutines and in threads, bytes, and calls to peers."""

import asyncio
import os
import time
from functools import cache

import boto3
import httpx
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

PIECE_NS = 500_000

app = FastAPI()


def burn(pieces: int) -> int:
    """Works until the thread has used the CPU time of the pieces, however fast the machine is."""
    end_ns, turns = time.thread_time_ns() + pieces * PIECE_NS, 0
    while time.thread_time_ns() < end_ns:
        turns += 1
    return turns


@cache
def storage():
    return boto3.client("s3", endpoint_url=os.environ["STORAGE_URL"], region_name="us-east-1")


@cache
def peer() -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=os.environ["PEER_URL"])


@app.get("/nothing")
async def nothing():
    return {}


@app.get("/report/{pieces}")
async def report(pieces: int):
    turns = 0
    for _ in range(pieces):
        turns += burn(1)
        await asyncio.sleep(0.002)
    return {"turns": turns}


@app.get("/export/{pieces}")
def export(pieces: int):
    return {"turns": burn(pieces)}


@app.get("/file/{size}")
async def file(size: int):
    return Response(bytes(size), media_type="application/octet-stream")


@app.get("/stream/{parts}")
async def stream(parts: int):
    async def lines():
        for part in range(parts):
            yield f"line {part}\n" * 100
            await asyncio.sleep(0)

    return StreamingResponse(lines(), media_type="text/plain")


@app.get("/stored/{count}")
def stored(count: int):
    return {"size": sum(len(storage().get_object(Bucket="shop", Key="order")["Body"].read()) for _ in range(count))}


@app.get("/asked/{count}")
async def asked(count: int):
    answers = [await peer().post("/orders", content=b"x" * 100) for _ in range(count)]
    return {"answers": len(answers)}
