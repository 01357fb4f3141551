"""Every figure of the README's table, in one run: `python -m tests.bench`, or some: `python -m tests.bench queue`."""

from __future__ import annotations

import subprocess
import sys

NAMES = ("webhook", "photos", "queue", "reminders", "digests", "ledger")


def main(wanted: list[str]) -> int:
    """Run the benches one after the other, so that none disturbs another; returns the worst exit code."""
    if unknown := sorted(set(wanted) - set(NAMES)):
        print(f"There is no bench {', '.join(unknown)}; there are {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    worst = 0
    for name in wanted or NAMES:
        print(f"\n== {name} ==", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
