"""What a request must show before its body is read: form, freshness and signature of the query."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC
from werobot.utils import get_signature

from bot.webhook.errors import ForgedError

# The signature is taken over the plain concatenation of token, timestamp and nonce, so a digit moved from one to the
# other would keep it; a fixed form leaves one reading only.
_TIMESTAMP = re.compile(r"[0-9]{10}")
_NONCE = re.compile(r"[A-Za-z0-9]{1,64}")
_SIGNATURE = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a request that the platform signed."""

    signature: str
    timestamp: str
    nonce: str
    msg_signature: str
    is_encrypted: bool
    echostr: str | None


def read_query(arguments: Mapping[str, str]) -> Query:
    """Return the signed parameters of a request; raises ForgedError when their form is not the platform's."""
    timestamp, nonce = arguments.get("timestamp", ""), arguments.get("nonce", "")
    signature = arguments.get("signature", "")
    if not (_TIMESTAMP.fullmatch(timestamp) and _NONCE.fullmatch(nonce) and _SIGNATURE.fullmatch(signature)):
        raise ForgedError("malformed_query")
    return Query(
        signature=signature,
        timestamp=timestamp,
        nonce=nonce,
        msg_signature=arguments.get("msg_signature", ""),
        is_encrypted=arguments.get("encrypt_type", "raw") == "aes",
        echostr=arguments.get("echostr"),
    )


def check_freshness(timestamp: str, *, now: datetime, max_skew_seconds: int) -> None:
    """Raise ForgedError when a request was signed too long ago or in the future."""
    if abs(now.timestamp() - int(timestamp)) > max_skew_seconds:
        raise ForgedError("stale")


def is_signed(token: str, timestamp: str, nonce: str, signature: str) -> bool:
    """Say whether `signature` is the platform's over token, timestamp and nonce, in constant time.

    Source: the platform's page on server verification, sha1 of the three sorted and joined.
    """
    return hmac.compare_digest(get_signature(token, timestamp, nonce).encode(), signature.encode("utf-8", "replace"))


def is_body_signed(token: str, query: Query, encrypted: str) -> bool:
    """Say whether `msg_signature` is the platform's over the encrypted body too, in constant time."""
    expected = get_signature(token, query.timestamp, query.nonce, encrypted)
    return hmac.compare_digest(expected.encode(), query.msg_signature.encode("utf-8", "replace"))


def open_envelope(cipher: Cipher[CBC], encrypted: str, app_id: str) -> bytes:
    """Return the message in an `Encrypt` element; raises ForgedError unless every byte is as the platform puts it.

    Source: the platform's page on encryption. Base64 of AES-CBC over random(16) + length(4) + message + app id, filled
    to whole 32 bytes. WeRoBot's own way does not look at the filling.
    """
    try:
        sealed = base64.b64decode(encrypted, validate=True)
        decryptor = cipher.decryptor()
        filled = decryptor.update(sealed) + decryptor.finalize()
    except (binascii.Error, ValueError):
        raise ForgedError("not_decryptable") from None
    count = filled[-1] if filled else 0
    if not 1 <= count <= 32 or not filled.endswith(bytes([count]) * count):
        raise ForgedError("not_decryptable")
    content = filled[16:-count]
    end = 4 + int.from_bytes(content[:4], "big")
    if content[end:] != app_id.encode():
        raise ForgedError("other_app")
    return content[4:end]
