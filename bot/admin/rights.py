"""Who may do what on the staff's page: a right for every view, and the rights of every role."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from storage.staff import Role

View = TypeVar("View", bound=Callable[..., object])


class Right(StrEnum):
    """What a view asks of the person who calls it."""

    OPEN = "open"  # nothing: the page is there before the log-in
    STAY = "stay"  # a log-in of any role: one's own password, log-out
    READ = "read"  # to look at reports, photos and messages
    DECIDE = "decide"  # to change them
    MANAGE = "manage"  # to change the rosters of units and staff
    UNSEAL = "unseal"  # to open confidential messages, with a reason on record


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset({Right.OPEN, Right.STAY, Right.READ, Right.DECIDE, Right.MANAGE, Right.UNSEAL}),
    Role.REVIEWER: frozenset({Right.OPEN, Right.STAY, Right.READ, Right.DECIDE}),
    Role.LEADER: frozenset({Right.OPEN, Right.STAY, Right.READ}),
    Role.KEEPER: frozenset({Right.OPEN, Right.STAY, Right.UNSEAL}),
    Role.LIAISON: frozenset({Right.OPEN, Right.STAY}),
}


def needs(right: Right, *, keeps_awake: bool = True) -> Callable[[View], View]:
    """Declare the right that a view asks for; a view without one is refused to everybody.

    `keeps_awake` False is for what a page asks for by itself, so that an unattended page still runs out.
    """

    def declare(view: View) -> View:
        view.__dict__["needed_right"] = right
        view.__dict__["keeps_awake"] = keeps_awake
        return view

    return declare


def find_needed_right(view: Callable[..., object] | None) -> Right | None:
    """Return the right that a view declares."""
    return getattr(view, "needed_right", None)


def does_keep_awake(view: Callable[..., object] | None) -> bool:
    """Return whether a call of this view shows that somebody sits at the page."""
    return bool(getattr(view, "keeps_awake", True))


def has_right(role: Role, right: Right) -> bool:
    """Return whether a role has a right."""
    return right in RIGHTS[role]
