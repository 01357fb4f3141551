"""What goes on paper about one report: the notice to mend (交办), the opinion after mending and the record of a check.

Everything in them comes from the latest hand-over, nothing from the reporter. They are drafts: a person reads, signs
and stamps them; who may issue what is the law's business.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

# As modules, because the pages in turn offer these papers.
from bot import dates
from bot.documents.cells import clean_text
from storage.reports.ledger import HANDED_STATES, LedgerPhoto, LedgerRow, find_ledger_row

DRAFT_MARK = "草稿　待审签"
WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_TEMPLATES = Path(__file__).parent / "templates"
_NO_DAY = "　　　　年　　月　　日"  # to be filled in by hand
_BLANK = "　"


@dataclass(frozen=True, slots=True)
class PaperKind:
    """One sort of paper; `file_name` is what its files are called by."""

    title: str
    file_name: str


KINDS: Mapping[str, PaperKind] = {
    "notice": PaperKind("隐患整改通知（交办）单", "整改通知单"),
    "review": PaperKind("整改复查意见书", "复查意见书"),
    "inspection": PaperKind("安全检查记录", "检查记录"),
}


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper about one report: words by the names that the templates use, and what there is to see."""

    kind: str
    report_id: int
    words: Mapping[str, str]
    photos_before: tuple[LedgerPhoto, ...]
    photos_after: tuple[LedgerPhoto, ...]

    @property
    def title(self) -> str:
        """Return what stands at its head."""
        return KINDS[self.kind].title

    @property
    def file_stem(self) -> str:
        """Return the name of its files without an ending, such as 整改通知单-2611-018."""
        return f"{KINDS[self.kind].file_name}-{self.words['code']}"


def find_paper(db: Connection, code: str, kind: str) -> Paper | None:
    """Return a paper about a report; None while the report is not handed over to anybody."""
    row = find_ledger_row(db, code)
    if row is None or row.assigned_at is None or row.state not in HANDED_STATES:
        return None
    return Paper(kind, row.id, _list_words(row), row.photos_before, row.photos_after)


def has_word() -> bool:
    """Return whether Word files can be made here: docxtpl is an extra."""
    return importlib.util.find_spec("docxtpl") is not None


def write_word(paper: Paper) -> bytes:
    """Return a paper as a Word file; raises ModuleNotFoundError where the extra is not installed."""
    from docxtpl import DocxTemplate  # type: ignore[import-untyped] # noqa: PLC0415  # an extra

    template = DocxTemplate(_TEMPLATES / f"{paper.kind}.docx")
    template.render({name: clean_text(word) for name, word in paper.words.items()}, autoescape=True)
    stream = io.BytesIO()
    template.save(stream)
    return stream.getvalue()


def _list_words(row: LedgerRow) -> dict[str, str]:
    return {
        "code": row.code,
        "unit": row.unit,
        "liaison": row.liaison or _BLANK,
        "place": row.place,
        "problem": row.problem,
        "standard": f"{row.major_standard}（疑似，待人工核定）" if row.major_standard else _BLANK,
        "requirement": row.requirement,
        "assigned_on": _say_day(row.assigned_at),
        "due_on": _say_day(row.due_at),
        "measures": row.rectified_note or _BLANK,
        "rectified_on": _say_day(row.rectified_at),
        "reviewed_on": _say_day(row.reviewed_at),
        "reviewed_by": row.reviewed_by or _BLANK,
        "verdict": _say_verdict(row.is_passed),
    }


def _say_verdict(is_passed: bool | None) -> str:
    boxes = (is_passed is True, False, is_passed is False)
    words = ("已整改", "部分整改", "未整改")
    return "　　".join(f"{'☑' if is_ticked else '☐'} {word}" for is_ticked, word in zip(boxes, words, strict=True))


def _say_day(instant: datetime | None) -> str:
    if instant is None:
        return _NO_DAY
    there = instant.astimezone(dates.CHINA)
    return f"{there.year}年{there.month}月{there.day}日"
