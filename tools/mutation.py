"""The mutation score of the core: breaks it on purpose and counts what the unit tests notice.

    python tools/mutation.py [--sample N] [--seed S] [--minutes M] [--survivors N] [--at-least PCT]

mutmut makes every mutant; a sample is drawn with a fixed seed, so that a score can be compared
with yesterday's. A mutant no test reaches counts as survived, one that runs out of time as killed.
What was not run when the time is over is left out of the score and said to be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from mutmut.stats import status_by_exit_code

ROOT = Path(__file__).parents[1]
MUTANTS = ROOT / "mutants"
KILLED = {"killed", "timeout", "segfault", "caught by type check"}


def main() -> int:
    options = arguments()
    shutil.rmtree(MUTANTS, ignore_errors=True)
    try:
        made = make_mutants()
        chosen = sorted(random.Random(options.seed).sample(made, min(options.sample, len(made))))
        in_time = run(chosen, options.minutes * 60)
        codes = exit_codes()
        return report(made, {name: codes[name] for name in chosen}, options, in_time=in_time)
    finally:
        if not options.keep:
            shutil.rmtree(MUTANTS, ignore_errors=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sample", type=int, default=300, help="mutants to run (300)")
    parser.add_argument("--seed", type=int, default=20, help="of the sample (20)")
    parser.add_argument("--minutes", type=float, default=15, help="when to stop (15)")
    parser.add_argument("--survivors", type=int, default=20, help="survivors to show (20)")
    parser.add_argument("--at-least", type=float, default=0, help="fail below this score (0)")
    parser.add_argument("--keep", action="store_true", help="leave the folder mutants/ behind")
    return parser.parse_args()


def make_mutants() -> list[str]:
    """The names of all mutants. Run with a name that fits none, mutmut makes them and stops."""
    done = mutmut("run", "nothing-bears-this-name", seconds=600)
    made = sorted(exit_codes())
    if not made or "nothing matches" not in done:
        sys.exit(f"mutmut made no mutants:\n{done[-3000:]}")
    return made


def run(chosen: list[str], seconds: float) -> bool:
    """Whether all of them were run in the time given."""
    try:
        mutmut("run", *chosen, seconds=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def mutmut(*words: str, seconds: float) -> str:
    process = subprocess.Popen(
        [sys.executable, "-m", "mutmut", *words],
        cwd=ROOT,
        env={**os.environ, "LAWS": "quick"},  # the laws on few histories: a mutant is run often
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # mutants are its children, and end with it
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return output


def exit_codes() -> dict[str, int | None]:
    """By mutant; None: not run."""
    codes: dict[str, int | None] = {}
    for path in MUTANTS.rglob("*.meta"):
        codes |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return codes


def report(
    made: list[str],
    results: dict[str, int | None],
    options: argparse.Namespace,
    *,
    in_time: bool,
) -> int:
    status = {name: status_by_exit_code[code] for name, code in results.items() if code is not None}
    killed = sum(word in KILLED for word in status.values())
    survived = sorted(name for name, word in status.items() if word not in KILLED)
    score = 100 * killed / len(status) if status else 0.0
    for name in survived[: options.survivors]:
        print(f"{status[name]}: {name}")
        if status[name] == "survived":
            shown = mutmut("show", name, seconds=60).splitlines()
            print("\n".join(line for line in shown if line[:1] in "+-" and line[:3] not in _HEADS))
    print(f"made {len(made)}, drawn {len(results)} (seed {options.seed}), run {len(status)}")
    print(", ".join(f"{word} {count}" for word, count in sorted(Counter(status.values()).items())))
    if not in_time:
        print(f"stopped after {options.minutes:g} minutes; {len(results) - len(status)} not run")
    print(f"mutation score of the core: {score:.1f} % ({killed} of {len(status)} killed)")
    return 0 if status and score >= options.at_least else 1


_HEADS = ("---", "+++")

if __name__ == "__main__":
    sys.exit(main())
