"""One process leads the jobs: the one that holds the lock, until it lets go or dies."""

from __future__ import annotations

import fcntl
import os

from sqlalchemy import Connection, text

from storage.database import Database

_LOCK_NUMBER = 0x5355_4953_484F_5531  # one number for all nodes of one database


class Leadership:
    """The lock of the jobs: a file beside an SQLite database, an advisory lock on PostgreSQL.

    Both are let go by the operating system or the server when their holder dies.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._file: int | None = None
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Try to become the leader; says whether this process leads now."""
        return self._take_file() if self._database.is_sqlite else self._take_advisory_lock()

    def holds(self) -> bool:
        """Say whether this process still leads: a database that was restarted has forgotten its locks."""
        if self._database.is_sqlite:
            return self._file is not None
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
            self._connection.commit()
        except self._database.outages:
            self.let_go()
            return False
        return True

    def let_go(self) -> None:
        """Stop leading."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._connection is not None:
            self._connection.invalidate()  # a pooled connection would keep the lock
            self._connection.close()
            self._connection = None

    def _take_file(self) -> bool:
        path = self._database.path
        if path is None:
            raise RuntimeError("an SQLite database without a file")
        file = os.open(path.with_name(path.name + ".leader"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def _take_advisory_lock(self) -> bool:
        connection = self._database.engine.connect()
        try:
            is_mine = bool(
                connection.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": _LOCK_NUMBER}).scalar_one()
            )
            connection.commit()
        except self._database.outages:
            connection.close()
            raise
        if not is_mine:
            connection.close()
            return False
        self._connection = connection
        return True
