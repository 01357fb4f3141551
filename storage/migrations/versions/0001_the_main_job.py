"""The tables of the main job: reporters, messages, reports, attachments, units, staff and what belongs to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out here: a step must go on making what it made, whatever becomes of the program's own types.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.BigInteger()  # milliseconds since 1970, UTC


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "audit_entries",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", sa.String(length=48), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=48), nullable=False, comment="such as report:17"),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_subject_id", "audit_entries", ["subject", "id"])
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("beat_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "report_codes",
        sa.Column("month", sa.String(length=4), nullable=False, comment="two digits of the year, two of the month"),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_report_codes")),
    )
    op.create_table(
        "report_pairs",
        sa.Column(
            "pair",
            sa.String(length=24).with_variant(sa.String(length=24, collation="C"), "postgresql"),
            nullable=False,
            comment="two characters of the text, the last one of a word alone, or @ with a cell of the map",
        ),
        sa.Column("report_id", ROW_ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("pair", "report_id", name=op.f("pk_report_pairs")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reporters",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("alias", sa.String(length=24), nullable=False, comment="shown to staff; never given to anybody else"),
        sa.Column("openid_hash", sa.String(length=64), comment="keyed hash for look-up; empty once erased"),
        sa.Column("openid_sealed", sa.LargeBinary(), comment="AES-GCM under the key file; empty once erased"),
        sa.Column("is_subscribed", sa.Boolean(), nullable=False),
        sa.Column("subscription_changed_at", INSTANT, comment="CreateTime of the latest subscribe or unsubscribe"),
        sa.Column("is_anonymous", sa.Boolean(), nullable=False, comment="asked to stay unnamed in all to come"),
        sa.Column("scene", sa.String(length=64), comment="the QR scene last scanned"),
        sa.Column(
            "place_label", sa.String(length=200), nullable=False, comment="a place sent before there was a report"
        ),
        sa.Column("place_latitude", sa.Float()),
        sa.Column("place_longitude", sa.Float()),
        sa.Column("place_sent_at", INSTANT),
        sa.Column("another_at", INSTANT, comment="when a further report was announced without any word about it"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("erased_at", INSTANT),
        sa.CheckConstraint(
            "(erased_at IS NULL) = (openid_hash IS NOT NULL)", name=op.f("ck_reporters_erased_or_known")
        ),
        sa.CheckConstraint("(openid_hash IS NULL) = (openid_sealed IS NULL)", name=op.f("ck_reporters_hash_with_seal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reporters")),
        sa.UniqueConstraint("alias", name=op.f("uq_reporters_alias")),
        sa.UniqueConstraint("openid_hash", name=op.f("uq_reporters_openid_hash")),
    )
    op.create_table(
        "staff",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("username", sa.String(length=40), nullable=False),
        sa.Column("display_name", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False, comment="scrypt"),
        sa.Column("password_version", sa.Integer(), nullable=False, comment="counted up to end every login"),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False, comment="wrong passwords in a row"),
        sa.Column("locked_until", INSTANT),
        sa.Column("last_login_at", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("username", name=op.f("uq_staff_username")),
    )
    op.create_table(
        "tokens",
        sa.Column("app_id", sa.String(length=64), nullable=False),
        sa.Column("token_sealed", sa.LargeBinary(), nullable=False, comment="empty until the first one came"),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("fetched_at", INSTANT, nullable=False),
        sa.Column("renewing_until", INSTANT, comment="somebody is fetching a fresh one, at most until then"),
        sa.PrimaryKeyConstraint("app_id", name=op.f("pk_tokens")),
    )
    op.create_table(
        "units",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="village, enterprise, office or school"),
        sa.Column("aliases", sa.Text(), nullable=False, comment="JSON list: 大名, 俗名, 老名"),
        sa.Column("latitude", sa.Float()),
        sa.Column("longitude", sa.Float()),
        sa.Column("is_high_risk", sa.Boolean(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("name", name=op.f("uq_units_name")),
    )
    op.create_table(
        "reports",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column(
            "code", sa.String(length=12), nullable=False, comment="told to the reporter: year, month, running number"
        ),
        sa.Column("reporter_id", ROW_ID),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="counted up by every verdict"),
        sa.Column("category", sa.String(length=4), nullable=False),
        sa.Column("level", sa.String(length=2), nullable=False),
        sa.Column("is_emergency", sa.Boolean(), nullable=False),
        sa.Column(
            "major_standard", sa.String(length=120), nullable=False, comment="standard behind a 疑似重大 hint, or empty"
        ),
        sa.Column("why", sa.Text(), nullable=False, comment="what the classification rests on, a line each"),
        sa.Column("description", sa.Text(), nullable=False, comment="the reporter's words; never leaves the office"),
        sa.Column("place_label", sa.String(length=200), nullable=False),
        sa.Column("latitude", sa.Float(), comment="GCJ-02 degrees as the platform sends them"),
        sa.Column("longitude", sa.Float()),
        sa.Column("unit_id", ROW_ID),
        sa.Column("is_anonymous", sa.Boolean(), nullable=False),
        sa.Column("photo_count", sa.Integer(), nullable=False),
        sa.Column("voice_count", sa.Integer(), nullable=False),
        sa.Column("video_count", sa.Integer(), nullable=False),
        sa.Column("message_count", sa.Integer(), nullable=False),
        sa.Column("missing", sa.String(length=40), nullable=False, comment="comma-separated: look, description, place"),
        sa.Column("asked", sa.String(length=12), nullable=False, comment="the one question that was put last"),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False, comment="sent time of the earliest piece"),
        sa.Column("last_piece_at", INSTANT, nullable=False, comment="sent time of the latest piece"),
        sa.Column("gather_until", INSTANT, comment="when gathering ends if nothing more comes; empty once submitted"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("submitted_at", INSTANT),
        sa.Column("due_at", INSTANT),
        sa.Column("merged_into_id", ROW_ID),
        sa.Column("is_indexed", sa.Boolean(), nullable=False, comment="whether the search pairs are up to date"),
        sa.Column(
            "search_text", sa.Text(), comment="the words that the search pairs stand for; filled with them by a job"
        ),
        sa.CheckConstraint(
            "(state = 'gathering') = (gather_until IS NOT NULL)", name=op.f("ck_reports_gathering_ends")
        ),
        sa.CheckConstraint(
            "(state = 'merged') = (merged_into_id IS NOT NULL)", name=op.f("ck_reports_merged_names_master")
        ),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["reports.id"], name=op.f("fk_reports_merged_into_id_reports"), deferrable=True
        ),
        sa.ForeignKeyConstraint(["reporter_id"], ["reporters.id"], name=op.f("fk_reports_reporter_id_reporters")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_reports_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("code", name=op.f("uq_reports_code")),
    )
    op.create_index("ix_reports_category_id", "reports", ["category", "id"])
    op.create_index(
        "ix_reports_gather_until",
        "reports",
        ["gather_until"],
        sqlite_where=sa.text("state = 'gathering'"),
        postgresql_where=sa.text("state = 'gathering'"),
    )
    op.create_index("ix_reports_level_id", "reports", ["level", "id"])
    op.create_index(
        "ix_reports_missing_id",
        "reports",
        ["missing", "id"],
        sqlite_where=sa.text("missing != ''"),
        postgresql_where=sa.text("missing != ''"),
    )
    op.create_index("ix_reports_reporter_id_id", "reports", ["reporter_id", "id"])
    op.create_index("ix_reports_state_id", "reports", ["state", "id"])
    op.create_index(
        "ix_reports_unindexed",
        "reports",
        ["id"],
        sqlite_where=sa.text("NOT is_indexed"),
        postgresql_where=sa.text("NOT is_indexed"),
    )
    op.create_index("ix_reports_unit_id_state_id", "reports", ["unit_id", "state", "id"])
    op.create_index(
        "uq_reports_gathering",
        "reports",
        ["reporter_id"],
        unique=True,
        sqlite_where=sa.text("state = 'gathering'"),
        postgresql_where=sa.text("state = 'gathering'"),
    )
    op.create_table(
        "messages",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False, comment="keyed hash of what makes the message unique"),
        sa.Column("reporter_id", ROW_ID),
        sa.Column("report_id", ROW_ID),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("event", sa.String(length=48), nullable=False),
        sa.Column(
            "sent_at", INSTANT, nullable=False, comment="CreateTime, or the time of receipt where that cannot be right"
        ),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="what was written, said or linked"),
        sa.Column("payload_sealed", sa.LargeBinary(), comment="the whole message as it came; empty once erased"),
        sa.Column("intent", sa.String(length=24), nullable=False),
        sa.Column("category", sa.String(length=4), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reply", sa.Text(), comment="what was answered; empty for the bare acknowledgement"),
        sa.Column("error", sa.String(length=200), nullable=False, comment="the kind of the failure, never its values"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", INSTANT, comment="when a failed message is tried again"),
        sa.Column("sorted_by", sa.String(length=48)),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_messages_report_id_reports")),
        sa.ForeignKeyConstraint(["reporter_id"], ["reporters.id"], name=op.f("fk_messages_reporter_id_reporters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("key", name=op.f("uq_messages_key")),
    )
    op.create_index(
        "ix_messages_in_box",
        "messages",
        ["id"],
        sqlite_where=sa.text("state IN ('unsorted', 'failed', 'unreadable')"),
        postgresql_where=sa.text("state IN ('unsorted', 'failed', 'unreadable')"),
    )
    op.create_index(
        "ix_messages_confidential",
        "messages",
        ["id"],
        sqlite_where=sa.text("intent = 'concealed_accident'"),
        postgresql_where=sa.text("intent = 'concealed_accident'"),
    )
    op.create_index("ix_messages_report_id_id", "messages", ["report_id", "id"])
    op.create_index("ix_messages_reporter_id_id", "messages", ["reporter_id", "id"])
    op.create_table(
        "report_history",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("report_id", ROW_ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", sa.String(length=48), nullable=False, comment="bot, reporter, or staff:<username>"),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("from_state", sa.String(length=12), nullable=False),
        sa.Column("to_state", sa.String(length=12), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_report_history_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_history")),
    )
    op.create_index("ix_report_history_report_id_id", "report_history", ["report_id", "id"])
    op.create_table(
        "attachments",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("report_id", ROW_ID, nullable=False),
        sa.Column("message_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="photo, voice or video"),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False, comment="why it is refused or lost"),
        sa.Column("media_id", sa.String(length=200), nullable=False),
        sa.Column("picture_url", sa.String(length=500), nullable=False),
        sa.Column("voice_format", sa.String(length=16), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.Column(
            "expires_at", INSTANT, nullable=False, comment="the platform forgets media three days after they were sent"
        ),
        sa.Column("due_at", INSTANT, comment="when it is to be fetched; empty once that is settled"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.String(length=40), nullable=False, comment="of the clean copy"),
        sa.Column("byte_count", sa.Integer(), comment="of the original"),
        sa.Column("width", sa.Integer(), comment="pixels of the oriented original"),
        sa.Column("height", sa.Integer()),
        sa.Column("sha256", sa.String(length=64), comment="of the original"),
        sa.Column("difference_hash", sa.BigInteger(), comment="64-bit dHash as a signed number"),
        sa.Column("clean_key", sa.String(length=120), nullable=False, comment="what staff see"),
        sa.Column("thumbnail_key", sa.String(length=120), nullable=False),
        sa.Column("original_key", sa.String(length=120), nullable=False, comment="sealed"),
        sa.Column("fetched_at", INSTANT),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_attachments_message_id_messages")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_attachments_report_id_reports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(
        "ix_attachments_due",
        "attachments",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_attachments_purged",
        "attachments",
        ["id"],
        sqlite_where=sa.text("state = 'purged' AND (clean_key != '' OR original_key != '')"),
        postgresql_where=sa.text("state = 'purged' AND (clean_key != '' OR original_key != '')"),
    )
    op.create_index("ix_attachments_report_id_sent_at", "attachments", ["report_id", "sent_at"])
    op.create_index("ix_attachments_sha256", "attachments", ["sha256"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("attachments")
    op.drop_table("report_history")
    op.drop_table("messages")
    op.drop_table("reports")
    op.drop_table("units")
    op.drop_table("tokens")
    op.drop_table("staff")
    op.drop_table("reporters")
    op.drop_table("report_pairs")
    op.drop_table("report_codes")
    op.drop_table("heartbeats")
    op.drop_table("audit_entries")
