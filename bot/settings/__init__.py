"""The configuration: read once at the start, checked whole, frozen, and passed in from there on."""

from __future__ import annotations

from bot.settings.first_config import write_first_config
from bot.settings.loading import load_settings
from bot.settings.problems import Problem, SettingsError
from bot.settings.tables import Settings
from bot.settings.values import WorkingHours
from storage.limit import Limit

__all__ = [
    "Limit",
    "Problem",
    "Settings",
    "SettingsError",
    "WorkingHours",
    "load_settings",
    "write_first_config",
]
