"""A real server under random faults, asked by real clients, held from outside against what it promises.

`python -m tests.chaos --seed 7 --minutes 6`; exit code 1 where a promise was broken.
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory

from tests.chaos.run import Run

MOST_MINUTES = 7.0
LONGEST = 8 * 60.0  # s, whatever happens


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
            asyncio.run(_play(run))
        except asyncio.CancelledError:
            run.notes.find("end", "the run was interrupted")
        except TimeoutError:
            run.notes.find("end", f"the run was not over in {LONGEST:.0f} s")
        finally:
            print(f"\n{run.notes.report(asked.seed)}", flush=True)
    return 1 if run.notes.findings else 0


async def _play(run: Run) -> None:
    """The run within its bound; a signal ends it with all that it has started."""
    if (me := asyncio.current_task()) is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, me.cancel)
    async with asyncio.timeout(LONGEST):
        await run.play()


if __name__ == "__main__":
    sys.exit(main())
