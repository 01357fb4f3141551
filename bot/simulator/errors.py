"""The platform's refusals."""

from __future__ import annotations


class ErrcodeError(Exception):
    """An answer `{"errcode": …, "errmsg": …}`, sent with HTTP status 200."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(f"{errcode} {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg
