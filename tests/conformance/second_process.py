"""A webhook in a process of its own on the database named by the first argument; prints its port when it listens."""

from __future__ import annotations

import sys

from storage.database import Database
from tests.conformance.platform import Desk
from tests.intake import Clock


def main() -> None:
    """Serve until standard input ends."""
    desk = Desk(Database(sys.argv[1]), Clock())
    with desk.serve() as line:
        print(line.port, flush=True)
        sys.stdin.read()
    desk.database.close()


if __name__ == "__main__":
    main()
