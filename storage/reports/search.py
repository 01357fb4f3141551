"""What reports are found by: pairs of characters of their words, and cells of the map; kept up to date by a job."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, select, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.reports.tables import report_pairs, reports
from storage.types import AnyRow

MOST_QUERY_CHARACTERS = 80  # of what is typed into the search box; the rest is ignored

_CELL_DEGREES = 0.0025  # 278 m from south to north and at least 167 m from west to east anywhere in China
_CODE = re.compile(r"\d{4}-\d{3,7}")
_PAIRS_TOGETHER = 400  # keys in one DELETE; SQLite counts bound values


def split_words(text_: str) -> list[str]:
    """Return the runs of letters, digits and Chinese characters of a text, NFKC and in lower case."""
    folded = unicodedata.normalize("NFKC", text_).lower()
    return "".join(character if character.isalnum() else " " for character in folded).split()


def pairs_of(text_: str) -> set[str]:
    """Return the overlapping pairs of characters of a text, and the last character of each of its words alone.

    The last one stands alone so that every single character is the beginning of some entry. No pair crosses
    what is neither letter nor digit.
    """
    return {pair for word in split_words(text_) for pair in _pairs_of_word(word)}


def find_code(text_: str) -> str | None:
    """Return the report code that a text consists of."""
    folded = unicodedata.normalize("NFKC", text_).strip()
    return folded if _CODE.fullmatch(folded) else None


def cell_of(latitude: float, longitude: float) -> str:
    """Return the name of the map's cell that a point lies in."""
    return _name_cell(math.floor(latitude / _CELL_DEGREES), math.floor(longitude / _CELL_DEGREES))


def cells_around(latitude: float, longitude: float) -> list[str]:
    """Return the names of the nine cells around a point: every point within 150 m lies in one of them."""
    row, column = math.floor(latitude / _CELL_DEGREES), math.floor(longitude / _CELL_DEGREES)
    return [_name_cell(row + up, column + right) for up in (-1, 0, 1) for right in (-1, 0, 1)]


def index_next_reports(db: Connection, *, most: int = 200) -> int:
    """Bring the search pairs of up to `most` changed reports up to date, oldest first; returns how many there were."""
    rows = db.execute(
        select(
            reports.c.id,
            reports.c.code,
            reports.c.description,
            reports.c.place_label,
            reports.c.latitude,
            reports.c.longitude,
            reports.c.search_text,
        )
        .where(text("NOT is_indexed"))
        .order_by(reports.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    gone: list[tuple[str, int]] = []
    fresh: list[dict[str, object]] = []
    texts: list[dict[str, object]] = []
    for row in rows:
        search_text = _build_search_text(row)
        # What was written last time is known from the text it was made of, so no index by report is needed.
        before, after = _entries_of(row.search_text or ""), _entries_of(search_text)
        gone.extend((pair, row.id) for pair in sorted(before - after))
        fresh.extend({"pair": pair, "report_id": row.id} for pair in sorted(after - before))
        texts.append({"by_id": row.id, "search_text": search_text})
    for start in range(0, len(gone), _PAIRS_TOGETHER):
        keys = gone[start : start + _PAIRS_TOGETHER]
        db.execute(delete(report_pairs).where(tuple_(report_pairs.c.pair, report_pairs.c.report_id).in_(keys)))
    if fresh:
        dialect = sqlite if db.dialect.name == "sqlite" else postgresql
        db.execute(dialect.insert(report_pairs).on_conflict_do_nothing(), fresh)
    if texts:
        db.execute(
            update(reports)
            .where(reports.c.id == bindparam("by_id"))
            .values(search_text=bindparam("search_text"), is_indexed=True),
            texts,
        )
    return len(rows)


def _build_search_text(row: AnyRow) -> str:
    words = split_words(f"{row.description} {row.place_label} {row.code}")
    if row.latitude is not None and row.longitude is not None:
        words.append(cell_of(row.latitude, row.longitude))
    return " ".join(words)


def _entries_of(search_text: str) -> set[str]:
    entries: set[str] = set()
    for word in search_text.split():
        entries.update([word] if word.startswith("@") else _pairs_of_word(word))
    return entries


def _pairs_of_word(word: str) -> Iterable[str]:
    yield from (word[at : at + 2] for at in range(len(word)))


def _name_cell(row: int, column: int) -> str:
    return f"@{row},{column}"
