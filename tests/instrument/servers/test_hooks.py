"""What holds for every web framework that is hooked: once, only while it is asked for, and without a trace."""

# ruff: file-ignore[unused-async] - ASGI awaits every function

import asyncio
import sys
from importlib import import_module

import pytest
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette

from codeops import discovery
from codeops.instrument import recorder
from codeops.instrument.hooks import SERVERS

NAMES = discovery.names(SERVERS)


@pytest.fixture(params=NAMES)
def server(request):
    member = discovery.load(SERVERS, request.param, needs=("MODULE", "VERSIONS", "install", "uninstall"))
    import_module(member.MODULE)
    yield member
    member.uninstall()


@pytest.fixture
def hooked():
    members = [discovery.load(SERVERS, name) for name in ("starlette", "fastapi", "flask")]
    for member in members:
        member.install()
    yield
    for member in members:
        member.uninstall()


def test_celery_s_signal_is_listened_to_once_and_no_longer_after_uninstalling():
    from celery.signals import worker_process_shutdown

    celery = discovery.load(SERVERS, "celery")
    before = len(worker_process_shutdown.receivers or [])
    celery.install()
    celery.install()
    during = len(worker_process_shutdown.receivers)
    celery.uninstall()

    assert during == before + 1
    assert len(worker_process_shutdown.receivers) == before


def replaced(member):
    shared = sys.modules.get("codeops.instrument.servers._django")
    hooks = [member._hooks, *([shared._hooks] if shared and member.MODULE.startswith("django") else [])]
    return [(patch.owner, patch.name) for each in hooks for patch in each._patches]


def test_uninstalling_puts_back_what_was_there(server):
    if not hasattr(server, "_hooks"):
        return  # it listens to a signal and replaces nothing: see below
    server.install()
    touched = replaced(server)
    server.uninstall()
    originals = [vars(owner).get(name) for owner, name in touched]

    server.install()
    server.install()
    mine = [vars(owner).get(name) for owner, name in touched]
    server.uninstall()

    assert touched
    assert all(one is not other for one, other in zip(originals, mine, strict=True))
    assert [vars(owner).get(name) for owner, name in touched] == originals
    assert not any(_is_ours(original) for original in originals)
    assert all(_is_ours(one) for one in mine)


def _is_ours(replacement: object) -> bool:
    return getattr(replacement, "__globals__", {}).get("__name__", "").startswith("codeops.")


def ask(app):
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message): ...

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": ("10.0.0.1", 1), "query_string": b"", "root_path": ""}
    asyncio.run(app(scope, receive, send))


def test_a_framework_that_inherits_from_another_is_counted_once(hooked, counted):
    ask(Starlette())
    plain, counted.bytes = counted.bytes, 0

    ask(FastAPI())

    assert plain == len("HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\ncontent-type: text/plain; charset=utf-8\r\n\r\nNot Found")
    assert counted.bytes == len(
        'HTTP/1.1 404 Not Found\r\ncontent-length: 22\r\ncontent-type: application/json\r\n\r\n{"detail":"Not Found"}'
    )


def test_when_nobody_counts_the_hook_steps_aside(hooked):
    seen = []
    app = Starlette()
    app.middleware_stack = lambda scope, _receive, send: _note(seen, scope, send)

    ask(app)

    assert recorder.current() is None
    assert "codeops.delivery" not in seen[0]


async def _note(seen, scope, _send):
    seen.append(scope)


def test_under_another_wrapper_it_steps_aside_when_it_is_taken_out_and_counts_once_when_it_is_put_in_again(counted):
    member = discovery.load(SERVERS, "starlette")
    original = Starlette.__call__
    member.install()
    ours = Starlette.__call__

    async def theirs(self, scope, receive, send):
        await ours(self, scope, receive, send)

    Starlette.__call__ = theirs
    try:
        member.uninstall()
        ask(Starlette())
        taken_out = counted.bytes
        member.install()
        ask(Starlette())
        member.uninstall()
    finally:
        Starlette.__call__ = original

    assert taken_out == 0
    assert counted.bytes == len("HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\ncontent-type: text/plain; charset=utf-8\r\n\r\nNot Found")


def test_a_hooked_class_is_still_an_asynchronous_callable(hooked):
    """Servers look at it to find out which version of ASGI an application speaks."""
    assert asyncio.iscoroutinefunction(Starlette().__call__)
    assert not asyncio.iscoroutinefunction(Flask("x").__call__)
