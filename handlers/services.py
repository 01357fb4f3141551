"""What handlers are given from outside: the rules and the names of units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from handlers.conversation import Rules
from handlers.texts import DutyPhone


@dataclass(frozen=True, slots=True)
class Services:
    """The outside world of the handlers; no identity, no network, no files."""

    rules: Rules = field(default_factory=Rules)
    duty_phones: tuple[DutyPhone, ...] = ()
    unit_ids: Mapping[str, int] = field(default_factory=dict)  # canonical name -> row
