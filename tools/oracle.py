"""Searches for moves beside a solver's and beside trying everything: `python -m tools.oracle`.

Prints the figures; exit code 1 where ours differ. `--instances N`: for the solver, a quarter of
them for trying everything out.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.oracle.compare import Tally, compare


def main() -> None:
    """Compares, and prints one line for each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instances", type=int, default=10_000)
    count = parser.parse_args().instances
    began = time.perf_counter()
    wrong = 0
    for name, small, many in (("CP-SAT", False, count), ("all tried out", True, count // 4)):
        tally = Tally()
        for seed in range(many):
            compare(seed, tally, small=small)
        print(f"{name}: {tally}")
        wrong += tally.wrong
    print(f"{time.perf_counter() - began:.0f} s")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
