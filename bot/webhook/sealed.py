"""The words of a message whose payload is the only place that still holds them."""

from __future__ import annotations

from datetime import datetime

from bot.webhook.incoming import read_fields, read_incoming
from storage.vault import Vault


def read_sealed_words(vault: Vault, payload_sealed: bytes, *, received_at: datetime) -> str:
    """Return what was written or said in a sealed message; raises SealError and UnreadableError."""
    body = vault.open(payload_sealed, "payload")
    return read_incoming(read_fields(body), body, received_at=received_at).text
