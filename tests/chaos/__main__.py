"""A real server under random faults, asked by real clients, held from outside against what it promises.

`python -m tests.chaos --seed 7 --minutes 6`; exit code 1 where a promise was broken.
"""

import argparse
import asyncio
import sys
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory

from tests.chaos.run import Run

MOST_MINUTES = 8.0


def main() -> int:
    """Read what is asked, run it, report."""
    words = argparse.ArgumentParser(prog="python -m tests.chaos")
    words.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    words.add_argument("--minutes", type=float, default=6.0, help=f"in all, about; at most {MOST_MINUTES:.0f}")
    asked = words.parse_args()
    print(f"chaos, seed {asked.seed}", flush=True)
    with TemporaryDirectory(prefix="ttai-chaos-", ignore_cleanup_errors=True) as home:
        run = Run(asked.seed, min(asked.minutes, MOST_MINUTES), Path(home))
        try:
            asyncio.run(run.play())
        finally:
            print(f"\n{run.notes.report(asked.seed)}", flush=True)
    return 1 if run.notes.findings else 0


if __name__ == "__main__":
    sys.exit(main())
