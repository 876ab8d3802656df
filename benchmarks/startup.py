"""Start-up times: `import codeops` and `codeops --help` against bare Python, interleaved in one run.

Targets (design.md, section 10): import at most 60 ms and --help at most 150 ms beyond `python -c pass`.
"""

import statistics
import subprocess
import sys
import time

ROUNDS = 15
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import codeops": ["-c", "import codeops"],
    "codeops --help": ["-m", "codeops", "--help"],
    "codeops --version": ["-m", "codeops", "--version"],
}
TARGETS_MS = {"import codeops": 60, "codeops --help": 150}


def wall_ms(arguments: list[str]) -> float:
    """Wall time of one run of this interpreter, in milliseconds."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1000


def main() -> int:
    """Medians over interleaved rounds, the ratio to bare Python, and whether the targets are met."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, arguments in COMMANDS.items():
            times[name].append(wall_ms(arguments))
    bare = statistics.median(times["python -c pass"])
    missed = 0
    print(
        f"{'command':<20}{'median':>10}{'beyond bare':>14}{'ratio':>8}{'target':>10}   ({ROUNDS} rounds, Python {sys.version.split()[0]})"
    )
    for name, values in times.items():
        median = statistics.median(values)
        target = TARGETS_MS.get(name)
        missed += target is not None and median - bare > target
        note = f"{target:>7} ms" if target else ""
        print(f"{name:<20}{median:>7.1f} ms{median - bare:>11.1f} ms{median / bare:>8.2f}{note:>10}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
