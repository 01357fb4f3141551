"""The addresses behind which a liaison sees what is to be mended: the signed number of an assignment, nothing else."""

from __future__ import annotations

from urllib.parse import quote

from itsdangerous import BadSignature, URLSafeSerializer

_SALT = "suishoupai-task"


def build_task_url(assignment_id: int, *, secret_key: str, public_url: str) -> str:
    """Return the address that a liaison opens; `secret_key` is web.secret_key, `public_url` web.public_url."""
    return f"{public_url.rstrip('/')}/tasks/{quote(_get_signer(secret_key).dumps(assignment_id))}"


def read_task_token(token: str, *, secret_key: str) -> int | None:
    """Return the assignment that an address names, None for one that is none of ours."""
    try:
        found = _get_signer(secret_key).loads(token)
    except BadSignature:
        return None
    return found if isinstance(found, int) else None


def _get_signer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt=_SALT)
