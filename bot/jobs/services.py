"""What the jobs are given from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from bot.wechat.client import WeChatClient
from media.limits import Limits
from media.store import MediaStore
from storage.database import Database
from storage.vault import Vault


@dataclass(frozen=True, slots=True)
class JobServices:
    """The outside world of the jobs. `random_hex(n)` gives n random hex digits; an error in `log` is an alarm."""

    database: Database
    client: WeChatClient
    store: MediaStore
    vault: Vault
    limits: Limits
    now: Callable[[], datetime]
    random_hex: Callable[[int], str]
    log: FilteringBoundLogger
