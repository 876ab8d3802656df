"""Forks in the middle of an owner's work, with another thread alive; tells what both processes' books say."""

import json
import os
import sys
import threading
import time
import warnings
from importlib import import_module
from typing import Any

from kept import Kept, burn


def read(books: Kept, account: Any, begun_ns: int) -> dict[str, int]:
    threads = len(books.keeper.settle_all())
    clock_ns = time.thread_time_ns()
    held = [account, books.thread, books.loop, books.gc, books.unended]
    return {
        "owner_ns": account.self_ns,
        "clock_ns": clock_ns - begun_ns,
        "paid_ns": books.paid_ns([account]),
        "least_ns": min(each.self_ns for each in held),
        "threads": threads,
    }


def child_of(books: Kept, of_parent: Any) -> dict[str, int]:
    """What the child does first, and then its books after some work of its own."""
    begun_ns = 0
    if len(sys.argv) < 3:
        held_ns = of_parent.self_ns
        books.keeper.stop()
        books.keeper.forked({})
        books.open_anew()
        begun_ns = books.known[threading.get_native_id()]
    else:
        held_ns = of_parent.self_ns
    (mine,) = books.accounts(1)
    books.keeper.switch_to(of_parent)
    burn(2)
    books.keeper.switch_to(mine)
    burn(5)
    books.keeper.switch_to(None)
    found = read(books, mine, begun_ns)
    return {**found, "of_parent_ns": of_parent.self_ns - held_ns}


def main() -> None:
    books = Kept(import_module(sys.argv[1]))
    (account,) = books.accounts(1)
    begun_ns = time.thread_time_ns()
    is_over, is_there = threading.Event(), threading.Event()

    def waiting() -> None:
        books.keeper.switch_to(None)
        is_there.set()
        is_over.wait()

    thread = threading.Thread(target=waiting)
    thread.start()
    is_there.wait()
    books.keeper.switch_to(account)
    burn(20)
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, json.dumps(child_of(books, account)).encode())
        os._exit(0)
    os.wait()
    burn(10)
    books.keeper.switch_to(None)
    found = read(books, account, begun_ns)
    is_over.set()
    thread.join()
    print(json.dumps({"parent": found, "child": json.loads(os.read(reading, 4096))}))


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)  # a fork with a thread is what is tried here
    main()
