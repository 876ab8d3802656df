"""Commands sent to Redis and Valkey by redis-py, in pipelines and clusters too, and what its look-ups found.

A command is counted where it is put into bytes, so each one that is sent, retries, MULTI and EXEC included; what the
client sends to set a connection up (`_SETTING_UP`) is not. A key that is missing makes the request's label `cache_hit` false.
"""

from collections.abc import Callable
from typing import Any

from codeops.core.attribute import CACHE_HIT
from codeops.instrument.guard import guarded
from codeops.instrument.patch import Hooks, Live
from codeops.instrument.recorder import count, lookup

__all__ = ["LABELS", "METERS", "MODULE", "VERSIONS", "install", "uninstall"]

MODULE = "redis"

METERS = {"redis.command": ("{command}", "commands sent, by `operation`")}

LABELS = {CACHE_HIT: "whether each key that GET, MGET, HGET, HMGET, GETEX and GETDEL asked for was there"}

VERSIONS = "redis-py 5.0 to 8.1, sync and asyncio, with and without hiredis"

_SETTING_UP = frozenset({"AUTH", "CLIENT", "CLUSTER", "COMMAND", "HELLO", "READONLY", "SELECT"})
_LOOKUPS = frozenset({"GET", "GETDEL", "GETEX", "HGET", "HMGET", "MGET"})
_hooks = Hooks()


def install() -> None:
    """Hooks what puts commands into bytes, and what reads their answers."""
    import redis.asyncio.client as asynchronous
    import redis.asyncio.cluster as asynchronous_cluster
    import redis.client as synchronous
    from redis import connection
    from redis.asyncio.connection import AbstractConnection

    for packer, name in (
        (connection.PythonRespSerializer, "pack"),
        (connection.HiredisRespSerializer, "pack"),
        (AbstractConnection, "pack_command"),
    ):
        _hooks.before(packer, name, _note_command)
    _hooks.wrap(synchronous.Redis, "parse_response", _parsing)
    _hooks.wrap(synchronous.Pipeline, "_execute_transaction", _executing)
    for reader in (asynchronous.Redis, asynchronous_cluster.ClusterNode):
        _hooks.wrap(reader, "parse_response", _parsing_async)
    _hooks.wrap(asynchronous.Pipeline, "_execute_transaction", _executing_async)


def uninstall() -> None:
    """Takes the hooks out."""
    _hooks.undo()


def _note_command(_packer: Any, *args: Any) -> None:
    first = args[0]
    name = (first.decode() if isinstance(first, bytes) else str(first)).upper()
    if name.partition(" ")[0] not in _SETTING_UP:
        count("redis.command", 1, "{command}", {"operation": name})


def _note_answer(command: Any, answer: Any) -> None:
    """`cache_hit` of one answer; that of a command within a transaction comes with EXEC."""
    if command in _LOOKUPS and not isinstance(answer, Exception):
        lookup(None not in answer if isinstance(answer, list) else answer is not None)


def _note_answers(commands: Any, answers: Any) -> None:
    for (args, _), answer in zip(commands, answers, strict=False):
        _note_answer(args[0], answer)


def _parsing(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def parse_response(self: Any, connection: Any, command_name: Any, **options: Any) -> Any:
        answer = original(self, connection, command_name, **options)
        if command_name in _LOOKUPS and live() is not None:
            guarded(_note_answer, command_name, answer)
        return answer

    return parse_response


def _parsing_async(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    async def parse_response(self: Any, connection: Any, command_name: Any, **options: Any) -> Any:
        answer = await original(self, connection, command_name, **options)
        if command_name in _LOOKUPS and live() is not None:
            guarded(_note_answer, command_name, answer)
        return answer

    return parse_response


def _executing(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    def execute_transaction(self: Any, connection: Any, commands: Any, raise_on_error: Any) -> Any:
        answers = original(self, connection, commands, raise_on_error)
        if live() is not None:
            guarded(_note_answers, commands, answers)
        return answers

    return execute_transaction


def _executing_async(original: Callable[..., Any], live: Live) -> Callable[..., Any]:
    async def execute_transaction(self: Any, connection: Any, commands: Any, raise_on_error: Any) -> Any:
        answers = await original(self, connection, commands, raise_on_error)
        if live() is not None:
            guarded(_note_answers, commands, answers)
        return answers

    return execute_transaction
