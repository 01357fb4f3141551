"""Signatures and encryption as the platform computes them; written apart from WeRoBot, so that it checks WeRoBot."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_PAD_BLOCK = 32  # PKCS#7 over 32 bytes, not over the cipher's 16: the platform's own rule
_RANDOM_BYTES = 16
_LENGTH_BYTES = 4


class EnvelopeError(Exception):
    """An encrypted text that the platform would not accept."""


def build_signature(*parts: str) -> str:
    """Return SHA-1 over the sorted, joined parts in lower-case hex.

    Three parts (token, timestamp, nonce) give `signature`; with the ciphertext as fourth, `msg_signature`.
    """
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - the protocol fixes SHA-1


class MessageCipher:
    """AES-256-CBC with the key of the account; the IV is the first half of the key."""

    def __init__(self, encoding_aes_key: str, app_id: str, token_bytes: Callable[[int], bytes]) -> None:
        key = base64.b64decode(encoding_aes_key + "=")
        if len(key) != 32:
            raise ValueError("an EncodingAESKey stands for 32 bytes")
        self._app_id = app_id.encode()
        self._token_bytes = token_bytes
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    def encrypt(self, message: bytes) -> str:
        """Return the Base64 of random(16) + length(4) + message + app id, padded and encrypted."""
        content = self._token_bytes(_RANDOM_BYTES) + struct.pack(">I", len(message)) + message + self._app_id
        padding = _PAD_BLOCK - len(content) % _PAD_BLOCK
        encryptor = self._cipher.encryptor()
        padded = content + bytes([padding]) * padding
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode("ascii")

    def decrypt(self, encrypted: str) -> bytes:
        """Return the message inside; raises EnvelopeError for anything that is not exactly right."""
        try:
            raw = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError) as error:
            raise EnvelopeError("not Base64") from error
        if not raw or len(raw) % 16:
            raise EnvelopeError("not a whole number of cipher blocks")
        decryptor = self._cipher.decryptor()
        padded = decryptor.update(raw) + decryptor.finalize()
        padding = padded[-1]
        if not 1 <= padding <= _PAD_BLOCK or padded[-padding:] != bytes([padding]) * padding:
            raise EnvelopeError("wrong padding")
        content = padded[:-padding]
        start = _RANDOM_BYTES + _LENGTH_BYTES
        if len(content) < start:
            raise EnvelopeError("too short")
        (length,) = struct.unpack(">I", content[_RANDOM_BYTES:start])
        message, app_id = content[start : start + length], content[start + length :]
        if len(message) != length or app_id != self._app_id:
            raise EnvelopeError("wrong length or app id")
        return message
