"""Every table, imported once so that the metadata is whole."""

from __future__ import annotations

from storage import (
    answer_templates,
    attachments,
    audit,
    bindings,
    calendar,
    digests,
    heartbeats,
    liaison_turns,
    messages,
    outbox,
    reporters,
    staff,
    tokens,
    units,
)
from storage.database import metadata
from storage.reports import assignments, questions
from storage.reports import tables as reports

__all__ = [
    "answer_templates",
    "assignments",
    "attachments",
    "audit",
    "bindings",
    "calendar",
    "digests",
    "heartbeats",
    "liaison_turns",
    "messages",
    "metadata",
    "outbox",
    "questions",
    "reporters",
    "reports",
    "staff",
    "tokens",
    "units",
]
