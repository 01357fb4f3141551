"""What closing the loop needs: assignments, questions, notices, bindings, digests, the office's calendar and words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.BigInteger()  # milliseconds since 1970, UTC
OPEN_STATES = "state || '' IN ('received', 'accepted', 'verified', 'assigned', 'rectified', 'reopened')"
STEPS = "from_state NOT IN ('', 'gathering')"


def upgrade() -> None:
    """Make the tables; the large ones of before get indexes only, so that this takes seconds at a million reports."""
    op.create_table(
        "answer_templates",
        sa.Column(
            "step", sa.String(length=16), nullable=False, comment="an action of the loop: accept, decline, close …"
        ),
        sa.Column("category", sa.String(length=4), nullable=False, comment="a hazard code, or empty for every one"),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("changed_by", sa.String(length=48), nullable=False),
        sa.PrimaryKeyConstraint("step", "category", name=op.f("pk_answer_templates")),
    )
    op.create_table(
        "digests",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("week", sa.String(length=8), nullable=False, comment="ISO week that it tells of, such as 2026-W47"),
        sa.Column("recipient", sa.String(length=48), nullable=False, comment="staff:<id>"),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="office, leader or unit"),
        sa.Column("words", sa.Text(), nullable=False, comment="as sent by chat"),
        sa.Column("page", sa.Text(), nullable=False, comment="as sent by mail and shown as a page: HTML"),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint("week", "recipient", name="uq_digests_once"),
    )
    op.create_table(
        "holidays",
        sa.Column("day", sa.String(length=10), nullable=False, comment="such as 2027-02-06"),
        sa.Column("is_working", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False, comment="such as 春节 or 调休上班"),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_holidays")),
    )
    op.create_table(
        "bind_codes",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("staff_id", ROW_ID, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False, comment="SHA-256 of the code"),
        sa.Column("created_by", sa.String(length=48), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, comment="when it was used, or replaced by a newer one"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_bind_codes_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bind_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_bind_codes_code_hash")),
    )
    op.create_index("ix_bind_codes_staff_id", "bind_codes", ["staff_id"])
    op.create_table(
        "bindings",
        sa.Column("staff_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("reporter_id", ROW_ID, nullable=False, comment="the chat account"),
        sa.Column("bound_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["reporter_id"], ["reporters.id"], name=op.f("fk_bindings_reporter_id_reporters")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_bindings_staff_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_bindings")),
        sa.UniqueConstraint("reporter_id", name=op.f("uq_bindings_reporter_id")),
    )
    op.create_table(
        "category_offices",
        sa.Column("category", sa.String(length=4), nullable=False),
        sa.Column("unit_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_category_offices_unit_id_units")),
        sa.PrimaryKeyConstraint("category", name=op.f("pk_category_offices")),
    )
    op.create_table(
        "guesses",
        sa.Column("reporter_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False, comment="bind or receipt"),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("since", INSTANT, nullable=False, comment="the first wrong one of this count"),
        sa.ForeignKeyConstraint(["reporter_id"], ["reporters.id"], name=op.f("fk_guesses_reporter_id_reporters")),
        sa.PrimaryKeyConstraint("reporter_id", "purpose", name=op.f("pk_guesses")),
    )
    op.create_table(
        "liaisons",
        sa.Column("staff_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("unit_id", ROW_ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_liaisons_staff_id_staff")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_liaisons_unit_id_units")),
        sa.PrimaryKeyConstraint("staff_id", "unit_id", name=op.f("pk_liaisons")),
    )
    op.create_index("ix_liaisons_unit_id", "liaisons", ["unit_id"])
    op.create_table(
        "assignments",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("report_id", ROW_ID, nullable=False),
        sa.Column("unit_id", ROW_ID, nullable=False),
        sa.Column("liaison_id", ROW_ID, comment="who is to see to it; empty for the unit as a whole"),
        sa.Column("assigned_at", INSTANT, nullable=False),
        sa.Column("assigned_by", sa.String(length=48), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False, comment="as the unit reads it"),
        sa.Column("problem", sa.Text(), nullable=False, comment="in neutral words"),
        sa.Column("requirement", sa.Text(), nullable=False),
        sa.Column("photo_ids", sa.Text(), nullable=False, comment="JSON list of attachments: clean copies to show"),
        sa.Column("is_inspection", sa.Boolean(), nullable=False, comment="worded as found by an inspection"),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("acknowledged_at", INSTANT, comment="when 收到 came"),
        sa.Column("rectified_at", INSTANT),
        sa.Column("rectified_by", sa.String(length=48), nullable=False, comment="staff:<username>"),
        sa.Column("rectified_note", sa.Text(), nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("ending", sa.String(length=12), nullable=False, comment="the action that ended it"),
        sa.ForeignKeyConstraint(["liaison_id"], ["staff.id"], name=op.f("fk_assignments_liaison_id_staff")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_assignments_report_id_reports")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_assignments_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
    )
    op.create_index(
        "ix_assignments_due_at_open",
        "assignments",
        ["due_at"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_assignments_liaison_id_open",
        "assignments",
        ["liaison_id", "due_at"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_assignments_report_id_id", "assignments", ["report_id", "id"])
    op.create_index(
        "ix_assignments_unit_id_open",
        "assignments",
        ["unit_id", "due_at"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_assignments_open",
        "assignments",
        ["report_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "claims",
        sa.Column("report_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("by", sa.String(length=48), nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_claims_report_id_reports")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_claims")),
    )
    op.create_table(
        "continuations",
        sa.Column("report_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("continues_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["continues_id"], ["reports.id"], name=op.f("fk_continuations_continues_id_reports")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_continuations_report_id_reports")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_continuations")),
    )
    op.create_table(
        "notices",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column(
            "recipient",
            sa.String(length=48),
            nullable=False,
            comment="reporter:<id>, staff:<id> or duty:<name of a channel>",
        ),
        sa.Column("reporter_id", ROW_ID, comment="the reporter, for reporter:<id>"),
        sa.Column("staff_id", ROW_ID, comment="the member of staff, for staff:<id>"),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column(
            "subject",
            sa.String(length=64),
            nullable=False,
            comment="such as report:17:closed, day:2026-11-30, week:2026-W48",
        ),
        sa.Column("report_id", ROW_ID),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("is_urgent", sa.Boolean(), nullable=False, comment="P0 and P1: at any hour"),
        sa.Column("is_result", sa.Boolean(), nullable=False, comment="may use up the last message of a window"),
        sa.Column("words", sa.Text(), nullable=False, comment="what is said; empty: made when it is sent"),
        sa.Column("fields", sa.Text(), nullable=False, comment="JSON: what mail and templates need besides"),
        sa.Column(
            "due_at", INSTANT, comment="when to try next, or until when somebody is trying; empty once settled or held"
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=12), nullable=False, comment="the channel of the last attempt"),
        sa.Column("reason", sa.String(length=120), nullable=False, comment="why it is held, failed or dropped"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT, comment="when it was sent, given up, dropped or put on hold"),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_notices_report_id_reports")),
        sa.ForeignKeyConstraint(["reporter_id"], ["reporters.id"], name=op.f("fk_notices_reporter_id_reporters")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_notices_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("recipient", "purpose", "subject", name="uq_notices_once"),
    )
    op.create_index(
        "ix_notices_due_at",
        "notices",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_notices_failed",
        "notices",
        ["id"],
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index(
        "ix_notices_held",
        "notices",
        ["id"],
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index("ix_notices_report_id_id", "notices", ["report_id", "id"])
    op.create_index(
        "ix_notices_urgent",
        "notices",
        ["due_at"],
        sqlite_where=sa.text("is_urgent AND due_at IS NOT NULL"),
        postgresql_where=sa.text("is_urgent AND due_at IS NOT NULL"),
    )
    op.create_table(
        "questions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("report_id", ROW_ID, nullable=False),
        sa.Column("reporter_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("question", sa.Text(), nullable=False, comment="the office's words"),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("asked_by", sa.String(length=48), nullable=False),
        sa.Column("due_at", INSTANT, comment="the report's deadline when its clock was stopped"),
        sa.Column("answered_at", INSTANT, comment="also set when the question is given up"),
        sa.Column("answer", sa.String(length=12), nullable=False, comment="fixed, not_fixed, unknown, words, or none"),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_questions_report_id_reports")),
        sa.ForeignKeyConstraint(["reporter_id"], ["reporters.id"], name=op.f("fk_questions_reporter_id_reporters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
    )
    op.create_index(
        "ix_questions_open",
        "questions",
        ["reporter_id", "id"],
        sqlite_where=sa.text("answered_at IS NULL"),
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index("ix_questions_report_id_id", "questions", ["report_id", "id"])
    op.create_table(
        "liaison_turns",
        sa.Column("staff_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False, comment="sent time of the liaison's message"),
        sa.Column(
            "wish",
            sa.String(length=12),
            nullable=False,
            comment="rectify, extend, dispute, acknowledge, or none",
        ),
        sa.Column("awaits", sa.String(length=8), nullable=False, comment="which, photo, day, or nothing"),
        sa.Column("assignment_id", ROW_ID),
        sa.Column("words", sa.Text(), nullable=False, comment="the liaison's"),
        sa.Column("listed", sa.Text(), nullable=False, comment="JSON list of assignments as they were numbered"),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_liaison_turns_assignment_id_assignments")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_liaison_turns_staff_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_liaison_turns")),
    )
    op.create_table(
        "receipts",
        sa.Column("report_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("word_hash", sa.String(length=64), nullable=False, comment="SHA-256 of code and word"),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_receipts_report_id_reports")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_receipts")),
    )
    op.create_table(
        "transfers",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("report_id", ROW_ID, nullable=False),
        sa.Column("authority", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reply_due_at", INSTANT),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_transfers_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    op.create_index("ix_transfers_report_id_id", "transfers", ["report_id", "id"])
    op.create_table(
        "pleas",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("report_id", ROW_ID, nullable=False),
        sa.Column("assignment_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False, comment="extension or dispute"),
        sa.Column("by", sa.String(length=48), nullable=False, comment="staff:<username>"),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="the liaison's words"),
        sa.Column("until", INSTANT, comment="the new deadline that is asked for"),
        sa.Column("decided_at", INSTANT),
        sa.Column("decided_by", sa.String(length=48), nullable=False),
        sa.Column("is_granted", sa.Boolean()),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name=op.f("fk_pleas_assignment_id_assignments")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_pleas_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pleas")),
    )
    op.create_index(
        "ix_pleas_open",
        "pleas",
        ["id"],
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_index("ix_pleas_report_id_id", "pleas", ["report_id", "id"])
    op.create_table(
        "sends",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("notice_id", ROW_ID, nullable=False),
        sa.Column("reporter_id", ROW_ID, comment="the chat account, for sends by chat"),
        sa.Column(
            "channel",
            sa.String(length=12),
            nullable=False,
            comment="customer, template, mail, wecom, dingtalk or feishu",
        ),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False, comment="sent, maybe or refused"),
        sa.Column("errcode", sa.Integer()),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_sends_notice_id_notices")),
        sa.ForeignKeyConstraint(["reporter_id"], ["reporters.id"], name=op.f("fk_sends_reporter_id_reporters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sends")),
    )
    op.create_index("ix_sends_notice_id", "sends", ["notice_id"])
    op.create_index("ix_sends_reporter_id_at", "sends", ["reporter_id", "at"])
    op.create_table(
        "after_photos",
        sa.Column("attachment_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("assignment_id", ROW_ID, nullable=False),
        sa.Column("reuse_of_id", ROW_ID, comment="an earlier photo that it is the same as"),
        sa.Column("compared_at", INSTANT, comment="empty until it was compared with earlier photos"),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_after_photos_assignment_id_assignments")
        ),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachments.id"], name=op.f("fk_after_photos_attachment_id_attachments")
        ),
        sa.ForeignKeyConstraint(
            ["reuse_of_id"], ["attachments.id"], name=op.f("fk_after_photos_reuse_of_id_attachments")
        ),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_after_photos")),
    )
    op.create_index("ix_after_photos_assignment_id", "after_photos", ["assignment_id"])
    op.create_index(
        "ix_after_photos_uncompared",
        "after_photos",
        ["attachment_id"],
        sqlite_where=sa.text("compared_at IS NULL"),
        postgresql_where=sa.text("compared_at IS NULL"),
    )
    op.create_index(
        "ix_reports_due_at",
        "reports",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_reports_undated",
        "reports",
        ["id"],
        sqlite_where=sa.text("state = 'received' AND due_at IS NULL"),
        postgresql_where=sa.text("state = 'received' AND due_at IS NULL"),
    )
    op.create_index(
        "ix_reports_merged_into_id",
        "reports",
        ["merged_into_id"],
        sqlite_where=sa.text("merged_into_id IS NOT NULL"),
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_index("ix_reports_created_at", "reports", ["created_at"])
    op.create_index(
        "ix_reports_submitted_at_open",
        "reports",
        ["submitted_at"],
        sqlite_where=sa.text(OPEN_STATES),
        postgresql_where=sa.text(OPEN_STATES),
    )
    op.create_index(
        "ix_report_history_at_steps",
        "report_history",
        ["at", "action", "report_id"],
        sqlite_where=sa.text(STEPS),
        postgresql_where=sa.text(STEPS),
    )

    op.create_index(
        "ix_reporters_erased_at",
        "reporters",
        ["erased_at"],
        sqlite_where=sa.text("erased_at IS NOT NULL"),
        postgresql_where=sa.text("erased_at IS NOT NULL"),
    )

    # The default is for the rows that are there already; the program always says what it means.
    with op.batch_alter_table("staff") as staff:
        staff.add_column(
            sa.Column("email", sa.String(200), nullable=False, comment="for digests and notices", server_default="")
        )
    with op.batch_alter_table("staff") as staff:
        staff.alter_column("email", server_default=None)
    with op.batch_alter_table("units") as units:
        units.add_column(
            sa.Column("headcount", sa.Integer(), comment="people who work or live there; empty when nobody said")
        )
        units.add_column(sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("units") as units:
        units.alter_column("is_active", server_default=None)


def downgrade() -> None:
    """Take the tables and columns away again."""
    with op.batch_alter_table("units") as units:
        units.drop_column("is_active")
        units.drop_column("headcount")
    with op.batch_alter_table("staff") as staff:
        staff.drop_column("email")
    op.drop_index(
        "ix_report_history_at_steps",
        table_name="report_history",
        sqlite_where=sa.text(STEPS),
        postgresql_where=sa.text(STEPS),
    )
    op.drop_index(
        "ix_reports_submitted_at_open",
        table_name="reports",
        sqlite_where=sa.text(OPEN_STATES),
        postgresql_where=sa.text(OPEN_STATES),
    )
    op.drop_index("ix_reports_created_at", table_name="reports")
    op.drop_index("ix_reporters_erased_at", table_name="reporters")
    op.drop_index("ix_reports_merged_into_id", table_name="reports")
    op.drop_index(
        "ix_reports_undated",
        table_name="reports",
        sqlite_where=sa.text("state = 'received' AND due_at IS NULL"),
        postgresql_where=sa.text("state = 'received' AND due_at IS NULL"),
    )
    op.drop_index(
        "ix_reports_due_at",
        table_name="reports",
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_after_photos_uncompared",
        table_name="after_photos",
        sqlite_where=sa.text("compared_at IS NULL"),
        postgresql_where=sa.text("compared_at IS NULL"),
    )
    op.drop_index("ix_after_photos_assignment_id", table_name="after_photos")
    op.drop_table("after_photos")
    op.drop_index("ix_sends_reporter_id_at", table_name="sends")
    op.drop_index("ix_sends_notice_id", table_name="sends")
    op.drop_table("sends")
    op.drop_index("ix_pleas_report_id_id", table_name="pleas")
    op.drop_index(
        "ix_pleas_open",
        table_name="pleas",
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.drop_table("pleas")
    op.drop_index("ix_transfers_report_id_id", table_name="transfers")
    op.drop_table("transfers")
    op.drop_table("receipts")
    op.drop_table("liaison_turns")
    op.drop_index("ix_questions_report_id_id", table_name="questions")
    op.drop_index(
        "ix_questions_open",
        table_name="questions",
        sqlite_where=sa.text("answered_at IS NULL"),
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.drop_table("questions")
    op.drop_index(
        "ix_notices_urgent",
        table_name="notices",
        sqlite_where=sa.text("is_urgent AND due_at IS NOT NULL"),
        postgresql_where=sa.text("is_urgent AND due_at IS NOT NULL"),
    )
    op.drop_index("ix_notices_report_id_id", table_name="notices")
    op.drop_index(
        "ix_notices_held",
        table_name="notices",
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.drop_index(
        "ix_notices_failed",
        table_name="notices",
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.drop_index(
        "ix_notices_due_at",
        table_name="notices",
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.drop_table("notices")
    op.drop_table("continuations")
    op.drop_table("claims")
    op.drop_index(
        "uq_assignments_open",
        table_name="assignments",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(
        "ix_assignments_unit_id_open",
        table_name="assignments",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index("ix_assignments_report_id_id", table_name="assignments")
    op.drop_index(
        "ix_assignments_liaison_id_open",
        table_name="assignments",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(
        "ix_assignments_due_at_open",
        table_name="assignments",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("assignments")
    op.drop_index("ix_liaisons_unit_id", table_name="liaisons")
    op.drop_table("liaisons")
    op.drop_table("guesses")
    op.drop_table("category_offices")
    op.drop_table("bindings")
    op.drop_index("ix_bind_codes_staff_id", table_name="bind_codes")
    op.drop_table("bind_codes")
    op.drop_table("holidays")
    op.drop_table("digests")
    op.drop_table("answer_templates")
