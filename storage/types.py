"""Column types and the one way in which instants are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, Dialect, Row
from sqlalchemy.types import TypeDecorator

AnyRow: TypeAlias = Row[*tuple[Any, ...]]  # a row read by its columns' names

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_milliseconds(instant: datetime) -> int:
    """Return whole milliseconds since 1970 (UTC) for an aware instant; naive ones are refused."""
    if instant.tzinfo is None:
        raise ValueError("a naive datetime has no place in the database")
    delta = instant - _EPOCH
    return delta.days * 86_400_000 + delta.seconds * 1000 + delta.microseconds // 1000


def from_milliseconds(milliseconds: int) -> datetime:
    """Return the aware UTC instant for whole milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant, kept as integer milliseconds.

    Both engines order, index and page integers alike, and prepared statements can bind them as they are.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        return None if value is None else to_milliseconds(value)

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        return None if value is None else from_milliseconds(value)
