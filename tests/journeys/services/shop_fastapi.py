"""A shop that knows nothing of CodeOps: CPU in coroutines and in threads, bytes, and calls to peers."""

import asyncio
import os
from functools import cache

import boto3
import httpx
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

PIECE = 4_500

app = FastAPI()


def burn(pieces: int) -> int:
    number = 1
    for _ in range(pieces * PIECE):
        number = (number * 1103515245 + 12345) & 0x7FFFFFFF
    return number


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
    number = 0
    for _ in range(pieces):
        number += burn(1)
        await asyncio.sleep(0.002)
    return {"number": number}


@app.get("/export/{pieces}")
def export(pieces: int):
    return {"number": burn(pieces)}


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
