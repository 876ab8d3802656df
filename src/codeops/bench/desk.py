"""The worker's end of the conversation: one JSON object a line, commands in, answers out."""

import socket
from typing import Any

import msgspec

from codeops.core.errors import CodeOpsError

__all__ = ["Desk", "spelled"]


class Desk:
    """Hears commands, one after another, and gives each of them one answer."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._lines = channel.makefile("rb")
        self._encoder = msgspec.json.Encoder()
        self._left: dict[str, Any] | None = None

    def hear(self) -> dict[str, Any] | None:
        """The next command; None when nobody is there any more."""
        if self._left is not None:
            command, self._left = self._left, None
            return command
        line = self._lines.readline()
        return msgspec.json.decode(line) if line else None

    def leave(self, command: dict[str, Any]) -> None:
        """Gives a command back that is for whoever hears next."""
        self._left = command

    def answer(self, result: object) -> None:
        """Tells what came of the command."""
        self._send({"result": result})

    def refuse(self, problem: CodeOpsError) -> None:
        """Tells what kept the command from being carried out."""
        self._send({"error": spelled(problem)})

    def _send(self, answer: dict[str, object]) -> None:
        self._channel.sendall(self._encoder.encode(answer) + b"\n")


def spelled(problem: CodeOpsError) -> dict[str, object]:
    """An error as the other end reads it: see `codeops.bench.process.error_of`."""
    return {name: getattr(problem, name) for name in ("slug", "title", "why", "fix", "about", "location")}
