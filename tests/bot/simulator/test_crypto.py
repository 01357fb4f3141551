"""Signatures and encryption against the platform's published vectors and against WeRoBot."""

from __future__ import annotations

import base64
import json
import secrets

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from werobot.crypto import MessageCrypt

from bot.simulator.crypto import EnvelopeError, MessageCipher, build_signature

# The vectors of the platform's manual (message push, encryption).
OFFICIAL_KEY = "A" * 43
OFFICIAL_APP_ID = "wxba5fad812f8e6fb9"
OFFICIAL_PUSH = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv"
    "6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNq"
    "J4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
OFFICIAL_REPLY = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="


@pytest.mark.parametrize(
    ("parts", "signature"),
    [
        pytest.param(
            ("1714036504", "1514711492"), "f464b24fc39322e44b38aa78f5edd27bd1441696", id="address verification"
        ),
        pytest.param(("1714037059", "486452656"), "899cf89e464efb63f54ddac96b0a0a235f53aa78", id="plain push"),
        pytest.param(("1714112445", "415670741"), "6c5c811b55cc85e0e1b54100749188c20beb3f5d", id="safe push, 3 parts"),
        pytest.param(
            ("1714112445", "415670741", OFFICIAL_PUSH), "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3", id="safe push"
        ),
        pytest.param(
            ("1713424427", "415670741", OFFICIAL_REPLY), "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1", id="reply"
        ),
    ],
)
def test_reproduces_official_signature(parts: tuple[str, ...], signature: str) -> None:
    assert build_signature("AAAAA", *parts) == signature


def test_opens_official_push() -> None:
    cipher = MessageCipher(OFFICIAL_KEY, OFFICIAL_APP_ID, secrets.token_bytes)
    message = cipher.decrypt(OFFICIAL_PUSH)
    assert len(message) == 167
    assert json.loads(message)["Event"] == "debug_demo"


def test_reproduces_official_reply_byte_for_byte() -> None:
    cipher = MessageCipher(OFFICIAL_KEY, OFFICIAL_APP_ID, lambda _: b"707722b803182950")
    assert cipher.encrypt(b'{"demo_resp":"good luck"}') == OFFICIAL_REPLY


@pytest.mark.parametrize("length", [0, 1, 13, 14, 15, 31, 32, 33, 5000])
def test_round_trip_keeps_every_length(length: int) -> None:
    cipher = MessageCipher(OFFICIAL_KEY, OFFICIAL_APP_ID, secrets.token_bytes)
    message = secrets.token_bytes(length)
    encrypted = cipher.encrypt(message)
    assert len(base64.b64decode(encrypted)) % 32 == 0
    assert cipher.decrypt(encrypted) == message


def _encrypt_with_other_app() -> str:
    return MessageCipher(OFFICIAL_KEY, "wx0000000000000002", secrets.token_bytes).encrypt(b"hello")


def _encrypt_with_other_key() -> str:
    return MessageCipher("B" * 43, OFFICIAL_APP_ID, secrets.token_bytes).encrypt(b"hello")


def _encrypt_with_padding(padding: bytes) -> str:
    """Encrypt a correct content, but end it with these bytes."""
    content = bytes(16) + (27).to_bytes(4, "big") + bytes(27) + OFFICIAL_APP_ID.encode()  # 65 bytes
    encryptor = Cipher(algorithms.AES(bytes(32)), modes.CBC(bytes(16))).encryptor()
    return base64.b64encode(encryptor.update(content + padding) + encryptor.finalize()).decode()


def test_accepts_the_padding_that_the_table_below_spoils() -> None:
    cipher = MessageCipher(OFFICIAL_KEY, OFFICIAL_APP_ID, secrets.token_bytes)
    assert cipher.decrypt(_encrypt_with_padding(bytes([31]) * 31)) == bytes(27)


@pytest.mark.parametrize(
    "encrypted",
    [
        pytest.param("", id="empty"),
        pytest.param("*not base64*", id="not Base64"),
        pytest.param(base64.b64encode(bytes(15)).decode(), id="half a block"),
        pytest.param(base64.b64encode(bytes(64)).decode(), id="zeros"),
        pytest.param(_encrypt_with_padding(bytes(30) + bytes([31])), id="padding of different bytes"),
        pytest.param(_encrypt_with_padding(bytes([33]) * 31), id="padding above 32"),
        pytest.param(_encrypt_with_padding(bytes(31)), id="padding of zero"),
        pytest.param(_encrypt_with_other_app(), id="another app id"),
        pytest.param(_encrypt_with_other_key(), id="another key"),
    ],
)
def test_refuses_wrong_ciphertext(encrypted: str) -> None:
    cipher = MessageCipher(OFFICIAL_KEY, OFFICIAL_APP_ID, secrets.token_bytes)
    with pytest.raises(EnvelopeError):
        cipher.decrypt(encrypted)


def test_agrees_with_werobot_in_both_directions() -> None:
    ours = MessageCipher(OFFICIAL_KEY, OFFICIAL_APP_ID, secrets.token_bytes)
    theirs = MessageCrypt("AAAAA", OFFICIAL_KEY, OFFICIAL_APP_ID)
    encrypted = ours.encrypt("灶房漏气".encode())
    signature = build_signature("AAAAA", "1714112445", "415670741", encrypted)
    assert theirs.decrypt_message("1714112445", "415670741", signature, encrypted).decode() == "灶房漏气"
    assert ours.decrypt(theirs.prp_crypto.encrypt("收到", OFFICIAL_APP_ID).decode()).decode() == "收到"
