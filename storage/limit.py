"""How long something may take; apart from the calendar, so that reading a configuration loads no database library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LimitUnit = Literal["minutes", "hours", "days", "working_days"]


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a step may take, counted from the end of the step before; an amount of 0 means at once."""

    amount: int
    unit: LimitUnit
