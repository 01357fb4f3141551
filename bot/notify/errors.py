"""What can go wrong with a mail server or a group's robot, as one error that is safe to log."""

from __future__ import annotations

from datetime import timedelta


class SendError(Exception):
    """Raised when a mail or a robot's message could not be handed over.

    `reason` is in plain words for the staff and never holds an address, a key or what a server said. `permanent` is
    True when trying again cannot help, `may_have_arrived` when the other side may have taken it, `needs_operator`
    when somebody must mend the configuration; `errcode` is the other side's own number.
    """

    def __init__(
        self,
        reason: str,
        *,
        errcode: int | None = None,
        permanent: bool = False,
        may_have_arrived: bool = False,
        needs_operator: bool = False,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(reason if errcode is None else f"{reason} ({errcode})")
        self.reason = reason
        self.errcode = errcode
        self.permanent = permanent
        self.may_have_arrived = may_have_arrived
        self.needs_operator = needs_operator
        self.retry_after = retry_after
