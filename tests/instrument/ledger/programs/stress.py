"""Random use of a ledger from several threads, with destructors that use it too; ends well, or is broken."""

import gc
import random
import sys
import threading
import time
from contextvars import ContextVar, copy_context
from importlib import import_module
from typing import Any

SECONDS, THREADS = 1.0, 4

keeper: Any = import_module(sys.argv[1])
var: ContextVar[Any] = ContextVar("owner", default=None)
shared: list[Any] = []
until = time.monotonic() + float(sys.argv[3] if len(sys.argv) > 3 else SECONDS)


class Troublesome(keeper.Account):
    """Uses the ledger while it is being dropped, often in the middle of a settlement, and lets other threads run."""

    def __init__(self, depth: int = 0) -> None:
        super().__init__()
        self.depth = depth
        self.itself = self if depth % 2 else None

    def __del__(self) -> None:
        act = random.random()
        if act < 0.3:
            played(random.choice([enter, finish, settle, collect, replace]), self.depth + 1)
        elif act < 0.6:
            time.sleep(0)
        if act < 0.02:
            shared.append(self)  # comes back to life


class Tree:
    """What the owner of a span refers to, in a cycle, and is dropped with."""

    def __init__(self) -> None:
        self.owner = keeper.Owner("span", self, (), False)

    def __del__(self) -> None:
        played(random.choice([enter, settle, switch]), 2)


async def work(depth: int) -> int:  # ruff: ignore[unused-async] - a step that ends in the one that begins it
    for _ in range(2):
        played(random.choice(ACTS), depth + 1)
    return depth


def played(act: Any, depth: int) -> None:
    try:
        act(depth)
    except (RuntimeError, ValueError, IndexError, StopIteration):
        return  # not running at this moment, or a cycle of heirs: refused


def enter(depth: int) -> None:
    keeper.enter(random.choice(shared) if random.random() < 0.8 else None)


def switch(depth: int) -> None:
    before = keeper.switch_to(random.choice(shared))
    if random.random() < 0.5:
        keeper.switch_to(before)


def replace(depth: int) -> None:
    kinds = [keeper.Account, *([lambda: Troublesome(depth)] * 2 if depth < 3 else [])]
    if hasattr(keeper, "Owner"):
        kinds.append(lambda: Tree().owner)
    made = random.choice(kinds)()
    keeper.set_drop(made)
    made.lines = {"db.query": 1}
    if len(shared) < 90:
        shared.append(made)
    else:
        shared[random.randrange(len(shared))] = made


def finish(depth: int) -> None:
    keeper.finish(random.choice(shared))


def end(depth: int) -> None:
    random.choice(shared).end(random.choice(shared))


def move(depth: int) -> None:
    random.choice(shared).move(random.choice(shared))


def settle(depth: int) -> None:
    keeper.settle_all()
    keeper.open_accounts()
    keeper.lost.clear()


def collect(depth: int) -> None:
    if random.random() < 0.05:
        gc.collect()


def leave(depth: int) -> None:
    if depth == 0:
        keeper.leave_thread()


def loop(depth: int) -> None:
    keeper.mark_loop(random.random() < 0.5)


def step(depth: int) -> None:
    if depth < 4:
        stepping = keeper.Step(work(depth))
        copy_context().run(random.choice([lambda: stepping.send(None), stepping.close, lambda: next(stepping)]))


def restart(depth: int) -> None:
    if random.random() < 0.1:
        keeper.stop()
        buckets = [keeper.Account() for _ in range(4)]
        keeper.start(var, *buckets, {}, exact=random.random() < 0.3)


def thread(depth: int) -> None:
    if depth == 0 and random.random() < 0.2:
        started = threading.Thread(target=lambda: [played(random.choice(ACTS), 1) for _ in range(30)])
        started.start()
        if random.random() < 0.5:
            started.join()


def watch(depth: int) -> None:
    keeper.watch_contexts(random.random() < 0.7)


ACTS = [enter, enter, switch, switch, replace, finish, end, move, settle, collect, leave, loop, step, step, restart, thread, watch]


def working() -> None:
    while time.monotonic() < until:
        for _ in range(100):
            played(random.choice(ACTS), 0)


def main() -> None:
    random.seed(int(sys.argv[2]))
    sys.setswitchinterval(1e-5)
    gc.callbacks.append(keeper.collecting)
    shared.extend(Troublesome() for _ in range(20))
    keeper.start(var, *(keeper.Account() for _ in range(4)), {})
    threads = [threading.Thread(target=working) for _ in range(THREADS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    while threading.active_count() > 1:
        time.sleep(0.001)
    print("done", len(shared))


if __name__ == "__main__":
    main()
