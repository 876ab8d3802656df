"""Books that are kept for one test, and work whose CPU is known."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any, Self

__all__ = ["MS", "Kept", "burn", "in_thread", "output", "wait_for"]

MS = 1_000_000
"""Nanoseconds in a millisecond."""


class Kept:
    """A running ledger and its buckets; `known` is the clock up to which each thread was accounted for when it left."""

    def __init__(self, keeper: ModuleType, *, is_exact: bool = False, owner_var: ContextVar[Any] | None = None) -> None:
        self.keeper, self._is_exact = keeper, is_exact
        self.owner_var: ContextVar[Any] = owner_var if owner_var is not None else ContextVar("owner", default=None)
        keeper.leave_thread()
        self.open_anew()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.keeper.stop()

    def open_anew(self) -> None:
        """Opens new books; what this thread consumed up to now is nobody's."""
        self.thread, self.loop, self.gc, self.unended = self.accounts(4)
        self.known = {threading.get_native_id(): time.thread_time_ns()}
        self.keeper.start(self.owner_var, self.thread, self.loop, self.gc, self.unended, self.known, exact=self._is_exact)

    def accounts(self, number: int) -> list[Any]:
        """New accounts."""
        return [self.keeper.Account() for _ in range(number)]

    def paid_ns(self, accounts: Iterable[Any] = ()) -> int:
        """What the buckets and these accounts hold, each nanosecond once: an ended account's is with its heir."""
        found = {id(account): account for account in (*accounts, self.thread, self.loop, self.gc, self.unended)}
        return sum(account.self_ns + account.late_ns for account in found.values() if not account.is_ended)


def burn(ms: float) -> int:
    """Consumes CPU in this thread; how many nanoseconds."""
    begin = time.thread_time_ns()
    while True:
        for _ in range(20):
            pass
        spent = time.thread_time_ns() - begin
        if spent >= ms * MS:
            return spent


def in_thread(work: Callable[[], Any]) -> Any:
    """What `work` returns in a thread of its own, which is gone for the system too when this returns."""
    tids: list[int] = []
    found: list[Any] = []
    problems: list[BaseException] = []

    def working() -> None:
        tids.append(threading.get_native_id())
        try:
            found.append(work())
        except BaseException as problem:  # ruff: ignore[blind-except] - raised again by who waits
            problems.append(problem)

    thread = threading.Thread(target=working)
    thread.start()
    thread.join()
    wait_for(lambda: not Path(f"/proc/self/task/{tids[0]}").exists())
    for problem in problems:
        raise problem
    return found[0]


def wait_for(condition: Callable[[], bool], within_s: float = 30) -> None:
    """Waits until something is so, however long it takes on a busy machine."""
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, f"not so within {within_s} s"
        time.sleep(0.0005)


def output(name: str, *arguments: str, **variables: str) -> str:
    """What `programs/<name>.py` prints; it must end well and say nothing on stderr."""
    file = Path(__file__).with_name("programs") / f"{name}.py"
    path = os.pathsep.join(filter(None, [str(file.parents[1]), os.environ.get("PYTHONPATH")]))
    variables = {**os.environ, "PYTHONPATH": path, **variables}
    ended = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(file), *arguments],
        capture_output=True,
        text=True,
        env=variables,
        check=False,
        timeout=120,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), f"exit code {ended.returncode}\n{ended.stderr}\n{ended.stdout}"
    return ended.stdout.strip()
