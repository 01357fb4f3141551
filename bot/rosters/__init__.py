"""Rosters of units and staff: what a table may hold, how it is read, and what it would change."""
