"""The tables of reports: the report itself, its history, its code and its search pairs."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from storage.database import RowId, metadata
from storage.types import Instant


class ReportState(StrEnum):
    """Where a report stands; the order is the usual way."""

    GATHERING = "gathering"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    MERGED = "merged"
    TRANSFERRED = "transferred"
    VERIFIED = "verified"
    UNFOUNDED = "unfounded"
    ASSIGNED = "assigned"
    RECTIFIED = "rectified"
    CLOSED = "closed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"


# States in which somebody still has to do something; a report in one of them can be withdrawn or merged.
OPEN_STATES = (
    ReportState.GATHERING,
    ReportState.RECEIVED,
    ReportState.ACCEPTED,
    ReportState.VERIFIED,
    ReportState.ASSIGNED,
    ReportState.RECTIFIED,
    ReportState.REOPENED,
)

# The words of partial indexes, which a query must repeat for an engine to use them: what was submitted and is open, and
# the steps that people took after that. The state is an expression there, so that no other index answers for it.
OPEN_STATES_WORDS = "state || '' IN ('received', 'accepted', 'verified', 'assigned', 'rectified', 'reopened')"
STEPS_WORDS = "from_state NOT IN ('', 'gathering')"

reports = Table(
    "reports",
    metadata,
    Column("id", RowId, primary_key=True),
    Column(
        "code",
        String(12),
        nullable=False,
        unique=True,
        comment="told to the reporter: year, month, running number",
    ),
    Column("reporter_id", RowId, ForeignKey("reporters.id")),
    Column("state", String(12), nullable=False),
    Column("version", Integer, nullable=False, default=1, comment="counted up by every verdict"),
    Column("category", String(4), nullable=False, default="UNK"),
    Column("level", String(2), nullable=False, default="P2"),
    Column("is_emergency", Boolean, nullable=False, default=False),
    Column(
        "major_standard",
        String(120),
        nullable=False,
        default="",
        comment="standard behind a 疑似重大 hint, or empty",
    ),
    Column("why", Text, nullable=False, default="", comment="what the classification rests on, a line each"),
    Column(
        "description",
        Text,
        nullable=False,
        default="",
        comment="the reporter's words; never leaves the office",
    ),
    Column("place_label", String(200), nullable=False, default=""),
    Column("latitude", Float, comment="GCJ-02 degrees as the platform sends them"),
    Column("longitude", Float),
    Column("unit_id", RowId, ForeignKey("units.id")),
    Column("is_anonymous", Boolean, nullable=False, default=False),
    Column("photo_count", Integer, nullable=False, default=0),
    Column("voice_count", Integer, nullable=False, default=0),
    Column("video_count", Integer, nullable=False, default=0),
    Column("message_count", Integer, nullable=False, default=0),
    Column("missing", String(40), nullable=False, default="", comment="comma-separated: look, description, place"),
    Column("asked", String(12), nullable=False, default="", comment="the one question that was put last"),
    Column("source", String(16), nullable=False, default="chat"),
    Column("opened_at", Instant, nullable=False, comment="sent time of the earliest piece"),
    Column("last_piece_at", Instant, nullable=False, comment="sent time of the latest piece"),
    Column("gather_until", Instant, comment="when gathering ends if nothing more comes; empty once submitted"),
    Column("created_at", Instant, nullable=False),
    Column("submitted_at", Instant),
    Column("due_at", Instant),  # when the step that is next must be done; empty when none is
    Column("merged_into_id", RowId, ForeignKey("reports.id", deferrable=True)),
    Column(
        "is_indexed",
        Boolean,
        nullable=False,
        default=False,
        comment="whether the search pairs are up to date",
    ),
    Column("search_text", Text, comment="the words that the search pairs stand for; filled with them by a job"),
    CheckConstraint("(state = 'gathering') = (gather_until IS NOT NULL)", name="gathering_ends"),
    CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", name="merged_names_master"),
    Index("ix_reports_reporter_id_id", "reporter_id", "id"),
    Index("ix_reports_state_id", "state", "id"),
    Index("ix_reports_category_id", "category", "id"),
    Index("ix_reports_level_id", "level", "id"),
    Index("ix_reports_unit_id_state_id", "unit_id", "state", "id"),
    Index("ix_reports_created_at", "created_at"),
    Index(
        "ix_reports_submitted_at_open",
        "submitted_at",
        sqlite_where=text(OPEN_STATES_WORDS),
        postgresql_where=text(OPEN_STATES_WORDS),
    ),
    Index(
        "uq_reports_gathering",
        "reporter_id",
        unique=True,
        sqlite_where=text("state = 'gathering'"),
        postgresql_where=text("state = 'gathering'"),
    ),
    Index(
        "ix_reports_gather_until",
        "gather_until",
        sqlite_where=text("state = 'gathering'"),
        postgresql_where=text("state = 'gathering'"),
    ),
    Index(
        "ix_reports_unindexed",
        "id",
        sqlite_where=text("NOT is_indexed"),
        postgresql_where=text("NOT is_indexed"),
    ),
    Index(
        "ix_reports_merged_into_id",
        "merged_into_id",
        sqlite_where=text("merged_into_id IS NOT NULL"),
        postgresql_where=text("merged_into_id IS NOT NULL"),
    ),
    Index(
        "ix_reports_due_at",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "ix_reports_undated",
        "id",
        sqlite_where=text("state = 'received' AND due_at IS NULL"),
        postgresql_where=text("state = 'received' AND due_at IS NULL"),
    ),
    Index(
        "ix_reports_missing_id",
        "missing",
        "id",
        sqlite_where=text("missing != ''"),
        postgresql_where=text("missing != ''"),
    ),
)

report_codes = Table(
    "report_codes",
    metadata,
    Column("month", String(4), primary_key=True, comment="two digits of the year, two of the month"),
    Column("last_number", Integer, nullable=False),
)

# Append-only: who moved or noted what, when, why.
report_history = Table(
    "report_history",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("report_id", RowId, ForeignKey("reports.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", String(48), nullable=False, comment="bot, reporter, or staff:<username>"),
    Column("action", String(24), nullable=False),
    Column("from_state", String(12), nullable=False, default=""),
    Column("to_state", String(12), nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    Index("ix_report_history_report_id_id", "report_id", "id"),
    Index(
        "ix_report_history_at_steps",
        "at",
        "action",
        "report_id",
        sqlite_where=text(STEPS_WORDS),
        postgresql_where=text(STEPS_WORDS),
    ),
)

# To whom outside the township a report was given, and until when an answer is expected.
transfers = Table(
    "transfers",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("report_id", RowId, ForeignKey("reports.id"), nullable=False),
    Column("authority", String(80), nullable=False),
    Column("reason", Text, nullable=False),
    Column("reply_due_at", Instant),
    Column("at", Instant, nullable=False),
    Column("by", String(48), nullable=False),
    Index("ix_transfers_report_id_id", "report_id", "id"),
)

# A reviewer who has a report open for deciding; others see it and may still step in once it runs out.
claims = Table(
    "claims",
    metadata,
    Column("report_id", RowId, ForeignKey("reports.id"), primary_key=True, autoincrement=False),
    Column("by", String(48), nullable=False),
    Column("until", Instant, nullable=False),
)

# "Not mended" after the time for reopening makes a report of its own that names the one before.
continuations = Table(
    "continuations",
    metadata,
    Column("report_id", RowId, ForeignKey("reports.id"), primary_key=True, autoincrement=False),
    Column("continues_id", RowId, ForeignKey("reports.id"), nullable=False),
)

# The four-digit word with which somebody may ask for a report of theirs from any account.
receipts = Table(
    "receipts",
    metadata,
    Column("report_id", RowId, ForeignKey("reports.id"), primary_key=True, autoincrement=False),
    Column("word_hash", String(64), nullable=False, comment="SHA-256 of code and word"),
)

# Chinese words are mostly two characters, so text is found by overlapping pairs of characters. A plain table of
# pairs answers alike on both engines, newest first, without sorting what a common pair matches. It is derived from
# `reports.search_text` by `search.py`, never joined from the other side, and would be the widest index of all with
# a second one by report: so it has neither that nor a foreign key. A row without its report finds nothing.
report_pairs = Table(
    "report_pairs",
    metadata,
    Column(
        "pair",
        # Ranges of first characters need the order of code points, whatever the server's language is.
        String(24).with_variant(String(24, collation="C"), "postgresql"),
        primary_key=True,
        comment="two characters of the text, the last one of a word alone, or @ with a cell of the map",
    ),
    Column("report_id", RowId, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
