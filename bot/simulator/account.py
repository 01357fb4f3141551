"""The pretend account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mode = Literal["plain", "compat", "safe"]


@dataclass(frozen=True, slots=True)
class Account:
    """What an operator copies from the platform's settings page into our configuration."""

    token: str
    app_id: str
    app_secret: str
    encoding_aes_key: str = ""  # 43 characters; needed for compat and safe
    mode: Mode = "plain"
    original_id: str = "gh_0123456789ab"

    def __post_init__(self) -> None:
        if self.mode != "plain" and len(self.encoding_aes_key) != 43:
            raise ValueError("compat and safe mode need an EncodingAESKey of 43 characters")
