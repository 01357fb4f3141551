"""Every table, imported once so that the metadata is whole."""

from __future__ import annotations

from storage import attachments, audit, heartbeats, messages, reporters, staff, tokens, units
from storage.database import metadata
from storage.reports import tables as reports

__all__ = [
    "attachments",
    "audit",
    "heartbeats",
    "messages",
    "metadata",
    "reporters",
    "reports",
    "staff",
    "tokens",
    "units",
]
