"""Every figure of the README's table, in one run: `python -m tests.bench`."""

from __future__ import annotations

import subprocess
import sys


def main() -> int:
    """Run the benches one after the other, so that none disturbs another; returns the worst exit code."""
    worst = 0
    for name in ("webhook", "photos", "queue"):
        print(f"\n== {name} ==", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
