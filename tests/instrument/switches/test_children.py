"""Child processes: their CPU is the owner's that started them, whoever reaps them, and nobody notices how."""

import asyncio
import errno
import hashlib
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from kept import MS, Kept, in_thread, wait_for

from codeops.instrument.ledger import OWNER
from codeops.instrument.switches import children as switch

BURN = "import hashlib; hashlib.pbkdf2_hmac('sha256', b'', b'', 20_000)"
COMMAND = [sys.executable, "-I", "-S", "-c", BURN]
SLEEP = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"]


@pytest.fixture
def followed(books: Kept) -> Iterator[Kept]:
    switch.install(books.keeper)

    yield books

    switch.uninstall()


@pytest.fixture
def account(books: Kept) -> Any:
    """The owner of this context."""
    made = books.keeper.Account()
    books.keeper.enter(made)
    return made


def reaped_ns() -> int:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((used.ru_utime + used.ru_stime) * 1e9)


def burn() -> None:
    hashlib.pbkdf2_hmac("sha256", b"", b"", 20_000)


def spawned() -> int:
    return os.posix_spawn(COMMAND[0], COMMAND, os.environ)


def by_run() -> None:
    subprocess.run(COMMAND, check=True)


def by_communicate() -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE) as child:
        child.communicate(timeout=60)


def by_poll() -> None:
    child = subprocess.Popen(COMMAND)
    wait_for(lambda: child.poll() is not None)
    assert child.returncode == 0


def by_wait_with_timeout() -> None:
    assert subprocess.Popen(COMMAND).wait(60) == 0


def by_posix_spawn_of_subprocess() -> None:
    subprocess.run(COMMAND, check=True, close_fds=False)


def by_waitpid() -> None:
    pid = spawned()
    assert os.waitpid(pid, 0) == (pid, 0)


def by_wait() -> None:
    pid = spawned()
    assert os.wait() == (pid, 0)


def by_wait3() -> None:
    pid = spawned()
    assert os.wait3(options=0)[:2] == (pid, 0)


def by_wait4() -> None:
    pid = spawned()
    assert os.wait4(pid, options=0)[:2] == (pid, 0)


def by_spawnv() -> None:
    assert os.spawnv(os.P_WAIT, COMMAND[0], COMMAND) == 0


def by_fork() -> None:
    pid = os.fork()
    if pid == 0:
        burn()
        os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3


def by_forkpty() -> None:
    pid, terminal = os.forkpty()
    if pid == 0:
        burn()
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(terminal)


def by_multiprocessing_fork() -> None:
    process = multiprocessing.get_context("fork").Process(target=burn)
    process.start()
    process.join()
    assert process.exitcode == 0


def by_multiprocessing_spawn() -> None:
    process = multiprocessing.get_context("spawn").Process(target=hashlib.pbkdf2_hmac, args=("sha256", b"", b"", 20_000))
    process.start()
    process.join()
    assert process.exitcode == 0


def by_pool_within_the_span() -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
        pool.submit(hashlib.pbkdf2_hmac, "sha256", b"", b"", 20_000).result()


def by_asyncio() -> None:
    async def spawning() -> int | None:
        child = await asyncio.create_subprocess_exec(*COMMAND)
        await child.wait()
        return child.returncode

    assert asyncio.run(spawning()) == 0


def by_threads_of_asyncio() -> None:
    with pytest.MonkeyPatch.context() as patch:  # what asyncio does where the system has no pidfd
        patch.setattr(asyncio.unix_events, "can_use_pidfd", lambda: False, raising=False)
        if sys.version_info < (3, 12):
            patch.setattr(asyncio.get_event_loop_policy(), "_watcher", asyncio.ThreadedChildWatcher())
        by_asyncio()


def by_another_thread() -> None:
    child = subprocess.Popen(COMMAND)
    in_thread(child.wait)


def by_a_signal_handler() -> None:
    found: list[tuple[int, int]] = []

    def reap(*_: object) -> None:
        found.append(os.waitpid(-1, os.WNOHANG))

    before = signal.signal(signal.SIGCHLD, reap)
    try:
        pid = spawned()
        wait_for(lambda: bool(found))
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert found == [(pid, 0)]


WAYS = [way for name, way in list(globals().items()) if name.startswith("by_")]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
@pytest.mark.parametrize("way", WAYS)
def test_a_child_is_paid_by_the_owner_that_started_it(followed: Kept, account: Any, way: Callable[[], None]) -> None:
    before_ns = reaped_ns()

    way()

    consumed_ns = reaped_ns() - before_ns
    assert consumed_ns > 3 * MS
    assert account.children_ns == pytest.approx(consumed_ns, abs=10_000)  # the system cuts off each at microseconds


@pytest.mark.parametrize("way", [by_run, by_poll, by_waitpid])
def test_without_the_switch_nobody_pays_for_a_child(books: Kept, account: Any, way: Callable[[], None]) -> None:
    way()

    assert account.children_ns == 0


def test_a_command_that_cannot_be_started_is_paid_and_raised_as_without_us(followed: Kept, account: Any) -> None:
    before_ns = reaped_ns()

    for _ in range(5):
        with pytest.raises(FileNotFoundError) as raised:
            subprocess.run(["/no/such/command"], check=True, cwd="/")  # posix_spawn does not tell the number of its child

    assert raised.value.filename == "/no/such/command"
    assert account.children_ns == pytest.approx(reaped_ns() - before_ns, abs=10_000)


def test_children_of_two_owners_that_run_at_once_are_kept_apart(followed: Kept) -> None:
    one, other = followed.accounts(2)
    followed.keeper.enter(one)
    first = subprocess.Popen(COMMAND)
    followed.keeper.enter(other)
    second = subprocess.Popen([*COMMAND[:-1], BURN.replace("20_000", "400_000")])
    followed.keeper.enter(None)

    second.wait()
    first.wait()

    assert other.children_ns > 1.5 * one.children_ns > 0


def test_a_child_that_outlives_its_span_is_paid_along_the_chain_of_heirs(followed: Kept, account: Any) -> None:
    heir, total = followed.accounts(2)
    pid = spawned()
    account.end(heir)
    heir.end(total)
    OWNER.set(None)

    os.waitpid(pid, 0)

    assert account.children_ns == heir.children_ns == total.children_ns > 3 * MS


def test_the_worker_of_a_pool_that_outlives_its_span_is_nobodys(followed: Kept, account: Any) -> None:
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork"))
    pool.submit(burn).result()
    (heir,) = followed.accounts(1)
    account.end(heir)

    pool.shutdown()

    assert heir.children_ns == 0


def test_a_child_without_an_owner_is_nobodys(followed: Kept) -> None:
    (account,) = followed.accounts(1)
    child = subprocess.Popen(COMMAND)
    followed.keeper.enter(account)

    child.wait()

    assert account.children_ns == 0


def test_the_number_of_an_earlier_child_says_nothing_about_the_next_one(followed: Kept, account: Any) -> None:
    """A child that somebody reaps in C leaves its note; the next child with that number was started by nobody."""
    first = spawned()
    os.waitid(os.P_PID, first, os.WEXITED)
    OWNER.set(None)
    followed.keeper.enter(None)

    switch._note(first)
    switch._charge(first, 0, resource.getrusage(resource.RUSAGE_CHILDREN))

    assert account.children_ns == 0


def test_a_child_that_was_only_stopped_is_not_paid_yet_and_then_once(followed: Kept, account: Any) -> None:
    child = subprocess.Popen(SLEEP)

    child.send_signal(signal.SIGSTOP)
    pid, status = os.waitpid(child.pid, os.WUNTRACED)
    stopped_ns = account.children_ns
    child.send_signal(signal.SIGCONT)
    continued = os.waitpid(child.pid, os.WCONTINUED)
    child.kill()
    code = child.wait()

    assert (pid, os.WIFSTOPPED(status), stopped_ns) == (child.pid, True, 0)
    assert continued[0] == child.pid
    assert code == -signal.SIGKILL
    assert account.children_ns > 0


def test_a_child_that_lives_is_said_to(followed: Kept, account: Any) -> None:
    child = subprocess.Popen(SLEEP)

    found, polled = os.waitpid(child.pid, os.WNOHANG), child.poll()
    child.kill()
    child.wait()

    assert (found, polled) == ((0, 0), None)


def test_a_child_that_was_reaped_is_not_there_a_second_time(followed: Kept, account: Any) -> None:
    pid = spawned()
    os.waitpid(pid, 0)
    paid_ns = account.children_ns

    with pytest.raises(ChildProcessError) as raised:
        os.waitpid(pid, 0)

    assert raised.value.errno == errno.ECHILD
    assert account.children_ns == paid_ns


def test_a_child_that_another_reaped_is_known_by_subprocess_as_before(followed: Kept, account: Any) -> None:
    child = subprocess.Popen(COMMAND)
    os.waitpid(child.pid, 0)

    assert child.wait() == 0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("waitpid", ()), ("waitpid", ("x", 0)), ("waitpid", (1, 2, 3)), ("wait", (1,)), ("wait3", ("x",)), ("wait4", ()), ("fork", (1,))],
)
def test_wrong_arguments_are_refused_with_the_same_type(followed: Kept, name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        getattr(os, name)(*arguments)


def test_no_child_at_all_is_an_error_as_before(followed: Kept) -> None:
    child = os.fork()
    if child == 0:  # which has no children
        raised = 0
        for call in (lambda: os.waitpid(-1, 0), os.wait, lambda: os.wait3(0), lambda: os.wait4(-1, 0)):
            try:
                call()
            except ChildProcessError:
                raised += 1
        os._exit(raised)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4


def test_waiting_lets_other_threads_run(followed: Kept, account: Any) -> None:
    child = subprocess.Popen(SLEEP)
    waiting = threading.Thread(target=child.wait)
    waiting.start()

    time.sleep(0.01)
    child.kill()
    waiting.join(30)

    assert not waiting.is_alive()


def test_a_signal_interrupts_waiting_as_before(followed: Kept, account: Any) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise Interrupted

    child = subprocess.Popen(SLEEP)
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        with pytest.raises(Interrupted):
            os.waitpid(child.pid, 0)
    finally:
        signal.signal(signal.SIGALRM, before)
        child.kill()

    assert child.wait() == -signal.SIGKILL


def test_notes_of_children_that_are_never_reaped_are_bounded(followed: Kept, account: Any) -> None:
    for pid in range(10_000_000, 10_010_000):
        switch._note(pid)

    assert len(switch._started) == 4096


def test_a_forked_child_knows_nothing_of_its_parents_children(followed: Kept, account: Any) -> None:
    pid = spawned()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        switch._forget_if_forked()
        os.write(writing, str(len(switch._started)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.waitpid(pid, 0)

    told = os.read(reading, 10)
    os.close(reading)
    os.close(writing)

    assert told == b"0"


def traces() -> list[Any]:
    """Everything that the switch may have replaced."""
    names = ("fork", "forkpty", "posix_spawn", "posix_spawnp", "wait", "waitpid", "wait3", "wait4")
    found = [vars(os)[name] for name in names] + [subprocess._fork_exec, subprocess.Popen._internal_poll]
    return [*found, getattr(getattr(subprocess, "_del_safe", None), "waitpid", None), multiprocessing.process.BaseProcess.start]


def test_the_switch_leaves_no_trace(books: Kept, account: Any) -> None:
    before = traces()

    switch.install(books.keeper)
    switch.install(books.keeper)
    during = traces()
    pid = spawned()
    switch.uninstall()
    os.waitpid(pid, 0)

    assert during != before
    assert traces() == before
    assert (switch._started, account.children_ns) == ({}, 0)


@pytest.fixture
def foreign() -> Iterator[Callable[[], list[int]]]:
    """Lets somebody else replace `os.waitpid` by a function that calls what was there."""

    def replace() -> list[int]:
        seen: list[int] = []
        below = os.waitpid

        def waitpid(pid: int, options: int) -> tuple[int, int]:
            seen.append(pid)
            return below(pid, options)

        os.waitpid = waitpid
        return seen

    original = os.waitpid
    yield replace

    os.waitpid = original


def test_a_hook_of_others_that_comes_later_sits_on_top(books: Kept, account: Any, foreign: Callable[[], list[int]]) -> None:
    switch.install(books.keeper)
    seen = foreign()

    pid = spawned()
    found = os.waitpid(pid, 0)
    paid_ns = account.children_ns
    switch.uninstall()
    left = spawned()
    found_later = os.waitpid(left, 0)

    assert (found, found_later, seen) == ((pid, 0), (left, 0), [pid, left])
    assert account.children_ns == paid_ns > 3 * MS


def test_a_hook_of_others_that_was_there_stays(books: Kept, account: Any, foreign: Callable[[], list[int]]) -> None:
    seen = foreign()
    theirs = os.waitpid
    switch.install(books.keeper)

    pid = spawned()
    found = os.waitpid(pid, 0)
    switch.uninstall()

    assert (found, seen, os.waitpid) == ((pid, 0), [pid], theirs)
    assert account.children_ns == 0  # in the bucket: nobody but they could ask for it


def test_a_fault_of_ours_does_not_reach_whoever_waits(followed: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        is_ended = False

        @staticmethod
        def charge_child(_: int) -> None:
            raise KeyError("ours")

    monkeypatch.setattr("codeops.instrument.guard.strict", False)
    OWNER.set(Broken())
    pid = spawned()

    assert os.waitpid(pid, 0) == (pid, 0)
