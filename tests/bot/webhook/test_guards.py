"""The guards of the webhook: form, freshness, signatures and envelopes."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.modes import CBC

from bot.webhook.errors import ForgedError
from bot.webhook.guards import check_freshness, is_body_signed, is_signed, open_envelope, read_query
from tests.conformance.platform import encrypt, frame, pad, seal_raw, sign
from tests.intake import AES_KEY, APP_ID, TOKEN

SIGNATURE = "f" * 40
GOOD = {"timestamp": "1764032400", "nonce": "abcXYZ019", "signature": SIGNATURE}


def test_reads_a_plain_query() -> None:
    query = read_query(GOOD | {"echostr": ""})
    assert (query.timestamp, query.nonce, query.signature) == ("1764032400", "abcXYZ019", SIGNATURE)
    assert (query.echostr, query.msg_signature, query.is_encrypted) == ("", "", False)


@pytest.mark.parametrize(
    ("encrypt_type", "is_encrypted"), [("aes", True), ("raw", False), ("", False), ("AES", False), ("aes ", False)]
)
def test_takes_only_aes_for_encrypted(encrypt_type: str, is_encrypted: bool) -> None:
    assert read_query(GOOD | {"encrypt_type": encrypt_type}).is_encrypted is is_encrypted


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"timestamp": "17640324０0"}, id="full-width digit"),
        pytest.param({"timestamp": "176403240"}, id="nine digits"),
        pytest.param({"timestamp": "17640324000"}, id="eleven digits"),
        pytest.param({"timestamp": "1764032400\n"}, id="line end after timestamp"),
        pytest.param({"timestamp": " 1764032400"}, id="space before timestamp"),
        pytest.param({"nonce": "a-b"}, id="dash in nonce"),
        pytest.param({"nonce": "n" * 65}, id="long nonce"),
        pytest.param({"nonce": "中"}, id="chinese nonce"),
        pytest.param({"nonce": "a\n"}, id="line end after nonce"),
        pytest.param({"signature": "F" * 40}, id="capitals"),
        pytest.param({"signature": "f" * 39}, id="short signature"),
        pytest.param({"signature": "f" * 41}, id="long signature"),
        pytest.param({"signature": "f" * 40 + "\n"}, id="line end after signature"),
    ],
)
def test_refuses_query_of_another_form(changes: dict[str, str]) -> None:
    with pytest.raises(ForgedError, match="malformed_query"):
        read_query(GOOD | changes)


def test_accepts_longest_nonce() -> None:
    assert read_query(GOOD | {"nonce": "n" * 64}).nonce == "n" * 64


@pytest.mark.parametrize(
    ("seconds", "is_fresh"),
    [
        pytest.param(-300, True, id="300 s old"),
        pytest.param(-300.001, False, id="a little more than 300 s old"),
        pytest.param(-301, False, id="301 s old"),
        pytest.param(0, True, id="now"),
        pytest.param(300, True, id="300 s ahead"),
        pytest.param(300.001, False, id="a little more than 300 s ahead"),
        pytest.param(301, False, id="301 s ahead"),
    ],
)
def test_freshness_ends_after_exactly_the_allowed_skew(seconds: float, is_fresh: bool) -> None:
    signed_at = 1_764_032_400
    now = datetime.fromtimestamp(signed_at, tz=UTC) - timedelta(seconds=seconds)
    if is_fresh:
        check_freshness(str(signed_at), now=now, max_skew_seconds=300)
    else:
        with pytest.raises(ForgedError, match="stale"):
            check_freshness(str(signed_at), now=now, max_skew_seconds=300)


def test_knows_the_platform_by_token_time_and_nonce() -> None:
    good = sign(TOKEN, "1764032400", "1")
    assert is_signed(TOKEN, "1764032400", "1", good)
    assert not is_signed(TOKEN + "x", "1764032400", "1", good)
    assert not is_signed(TOKEN, "1764032401", "1", good)
    assert not is_signed(TOKEN, "1764032400", "2", good)
    assert not is_signed(TOKEN, "1764032400", "1", "中" * 40)


def test_body_is_signed_with_its_own_words() -> None:
    query = read_query(GOOD | {"msg_signature": sign(TOKEN, GOOD["timestamp"], GOOD["nonce"], "AAAA")})
    assert is_body_signed(TOKEN, query, "AAAA")
    assert not is_body_signed(TOKEN, query, "AAAB")
    assert not is_body_signed(TOKEN, read_query(GOOD), "AAAA")
    assert not is_body_signed(TOKEN, read_query(GOOD | {"msg_signature": "\udcff"}), "AAAA")


@pytest.fixture(scope="module")
def cipher() -> Cipher[CBC]:
    """Give the account's cipher."""
    key = base64.b64decode(AES_KEY + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


@pytest.mark.parametrize("length", [0, 1, 5, 10, 11, 12, 13, 26, 27, 28, 43, 1000, 100_000])
def test_opens_envelope_of_every_length(cipher: Cipher[CBC], length: int) -> None:
    message = bytes(number % 256 for number in range(length))
    assert open_envelope(cipher, encrypt(message), APP_ID) == message


@pytest.mark.parametrize(
    ("encrypted", "reason"),
    [
        pytest.param("", "not_decryptable", id="empty"),
        pytest.param("%%%%", "not_decryptable", id="not base64"),
        pytest.param("AAA", "not_decryptable", id="base64 without its end"),
        pytest.param("中文", "not_decryptable", id="chinese"),
        pytest.param("\udcff", "not_decryptable", id="surrogate"),
        pytest.param(base64.b64encode(b"x" * 31).decode(), "not_decryptable", id="half a block"),
        pytest.param(seal_raw(b"\x00" * 32), "not_decryptable", id="filled with nothing"),
        pytest.param(seal_raw(b"x" * 31 + b"\x21"), "not_decryptable", id="filled with 33"),
        pytest.param(seal_raw(b"x" * 30 + b"\x01\x02"), "not_decryptable", id="filled unevenly"),
        pytest.param(seal_raw(b"\x20" * 16), "not_decryptable", id="more filling than there is"),
        pytest.param(seal_raw(pad(b"r" * 16)), "other_app", id="nothing inside"),
        pytest.param(seal_raw(pad(frame(b"hello", app_id="wx0000000000000002"))), "other_app", id="other app"),
        pytest.param(seal_raw(pad(frame(b"hello", length=4))), "other_app", id="length too short"),
        pytest.param(seal_raw(pad(frame(b"hello", length=2**32 - 1))), "other_app", id="length huge"),
    ],
)
def test_refuses_envelope_that_is_not_exact(cipher: Cipher[CBC], encrypted: str, reason: str) -> None:
    with pytest.raises(ForgedError, match=reason):
        open_envelope(cipher, encrypted, APP_ID)
