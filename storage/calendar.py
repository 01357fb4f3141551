"""The township's working days: the State Council's holidays with their make-up days, and the office's own table."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, String, Table

from storage.database import metadata

# What the office says about single days; goes before the published table.
holidays = Table(
    "holidays",
    metadata,
    Column("day", String(10), primary_key=True, comment="such as 2027-02-06"),
    Column("is_working", Boolean, nullable=False),
    Column("name", String(40), nullable=False, default="", comment="such as 春节 or 调休上班"),
)
