"""Hazard reports: their table, how they are gathered, listed, searched and decided."""
