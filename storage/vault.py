"""The sealed identity: look-up by keyed hash, sealing and opening of bytes. Only `bot` holds a vault."""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.errors import SealError

KEY_BYTES = 32
_NONCE_BYTES = 12  # NIST SP 800-38D section 8.2.2: 96 random bits
_VERSION = b"\x01"


class Vault:
    """Keyed hashes and AES-256-GCM under two keys derived from one key file.

    A purpose ("openid", "payload", "photo", "token") is bound to every sealed text, so that bytes sealed for one
    column cannot be moved to another.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the vault key has {len(key)} bytes instead of {KEY_BYTES}")
        self._hash_key = _derive(key, b"suishoupai look-up")
        self._cipher = AESGCM(_derive(key, b"suishoupai seal"))

    def fingerprint(self, *parts: str) -> str:
        """Return 64 hex digits that stand for `parts`; nobody without the key can find them from it."""
        text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
        return hmac.digest(self._hash_key, text, "sha256").hex()

    def seal(self, content: bytes, purpose: str) -> bytes:
        """Return `content` encrypted and authenticated for `purpose`."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, content, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Return what `seal` was given; raises SealError when key, purpose or bytes are not the same."""
        if sealed[:1] != _VERSION:
            raise SealError("sealed bytes of an unknown version")
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, body, purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise SealError("sealed bytes do not open with this key") from error

    def key_check(self) -> str:
        """Return a short fingerprint of the key, safe to write into a backup's list."""
        return self.fingerprint("key check")[:16]


def read_vault(key_file: Path) -> Vault:
    """Return the vault for a key file of 64 hex digits; raises OSError or ValueError."""
    return Vault(bytes.fromhex(key_file.read_text(encoding="ascii").strip()))


def _derive(key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)
