"""Log-in names at the door: passwords checked at the same cost for everybody, locks, and the person logged in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from flask_login import UserMixin, current_user
from werkzeug.security import check_password_hash, generate_password_hash

from bot.admin.rights import Right, has_right
from bot.admin.services import AdminServices
from storage.audit import record_audit_entry
from storage.staff import Role, change_password, find_staff, find_staff_by_id, record_login, record_wrong_password
from storage.types import AnyRow

SHORTEST_PASSWORD = 10  # characters
LONGEST_PASSWORD = 200  # characters; hashing something endless would hold up everybody else


@dataclass(frozen=True, slots=True)
class Member(UserMixin):
    """The member of staff behind a request."""

    id: int
    username: str
    display_name: str
    role: Role
    password_version: int
    must_change_password: bool

    def get_id(self) -> str:
        """Return the row's id with the password's version, so that a new password ends every older log-in."""
        return f"{self.id}.{self.password_version}"

    @property
    def by(self) -> str:
        """Return the name under which this person's acts are kept."""
        return f"staff:{self.username}"

    def can(self, right: str) -> bool:
        """Return whether this person has a right."""
        return has_right(self.role, Right(right))


def find_visitor() -> Member | None:
    """Return who is logged in, None when nobody is."""
    visitor = current_user._get_current_object()
    return visitor if isinstance(visitor, Member) else None


def get_member() -> Member:
    """Return who is logged in; only for views behind the guard."""
    member = find_visitor()
    if member is None:
        raise RuntimeError("the guard let somebody pass who is not logged in")
    return member


def find_member(services: AdminServices, login_id: str) -> Member | None:
    """Return the active member of staff behind a log-in, None when the password has changed since."""
    staff_id, _, version = login_id.partition(".")
    if not (staff_id.isdecimal() and version.isdecimal()):
        return None
    with services.database.read() as db:
        row = find_staff_by_id(db, int(staff_id))
    if row is None or row.password_version != int(version):
        return None
    return _to_member(row)


def check_login(services: AdminServices, username: str, password: str) -> Member | None:
    """Return the member of staff when name and password are right and the name is not locked; None otherwise.

    Unknown and locked names cost as much as others, and so does somebody without a password. The hash is worked out
    before the writer's place is taken, and the row is read again under it, so that guesses made side by side all count.
    """
    with services.database.read() as db:
        before = find_staff(db, username)
    known_hash = before.password_hash if before is not None else ""
    is_right = check_password_hash(known_hash or _get_dummy_hash(services.password_method), password[:LONGEST_PASSWORD])
    if before is None or not known_hash:
        return None
    now = services.now()
    with services.database.write() as db:
        row = find_staff(db, username)
        if row is None or row.password_version != before.password_version:
            return None
        subject, by = f"staff:{row.id}", f"staff:{row.username}"
        if row.locked_until is not None and now < row.locked_until:
            record_audit_entry(db, at=now, by=by, action="login_while_locked", subject=subject)
            return None
        if not is_right:
            is_last = (row.failed_count + 1) % services.max_failures == 0
            locked_until = now + services.locked_for if is_last else None
            record_wrong_password(db, row.id, locked_until=locked_until)
            record_audit_entry(
                db, at=now, by=by, action="login_locked" if is_last else "login_refused", subject=subject
            )
            return None
        record_login(db, row.id, now=now)
        record_audit_entry(db, at=now, by=by, action="login", subject=subject)
    return _to_member(row)


def set_password(services: AdminServices, member: Member, password: str) -> Member:
    """Give a member of staff a new password, which ends their other log-ins; returns them as they are now."""
    password_hash = generate_password_hash(password, method=services.password_method)
    now = services.now()
    with services.database.write() as db:
        change_password(db, member.id, password_hash=password_hash)
        record_audit_entry(db, at=now, by=member.by, action="change_password", subject=f"staff:{member.id}")
        row = find_staff_by_id(db, member.id)
    if row is None:
        raise RuntimeError("a member of staff was switched off while changing the password")
    return _to_member(row)


def find_password_fault(member: Member, *, current: str, password: str, again: str) -> str:
    """Return in words what is wrong with a new password; empty when it will do."""
    if len(password) < SHORTEST_PASSWORD:
        return f"新密码至少要 {SHORTEST_PASSWORD} 个字，现在是 {len(password)} 个。"
    if len(password) > LONGEST_PASSWORD:
        return f"新密码太长了，最多 {LONGEST_PASSWORD} 个字。"
    if len(set(password)) < 4:
        return "新密码里重复的字太多，换一个不好猜的。"
    if member.username.casefold() in password.casefold() or password.casefold() in member.username.casefold():
        return "新密码里不要带登录名，别人一猜就中。"
    if password == current:
        return "新密码跟现在的一样，换一个。"
    if password != again:
        return "两次填的新密码不一样，再填一遍。"
    return ""


@lru_cache(maxsize=4)
def _get_dummy_hash(method: str) -> str:
    return generate_password_hash("nobody has this password", method=method)


def _to_member(row: AnyRow) -> Member:
    return Member(
        row.id, row.username, row.display_name, Role(row.role), row.password_version, row.must_change_password
    )
