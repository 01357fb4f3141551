"""The weekly digest goes out: one for each reader of the week that is due, made and put into the outbox at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import Connection

from bot.digests.gather import Facts, SectionMaker, gather
from bot.digests.phrase import phrase
from bot.digests.render import LinkMaker, render
from bot.digests.weeks import Week, find_due_at, list_due_weeks
from bot.settings import Settings
from storage import digests, outbox
from storage.bindings import find_binding
from storage.database import Database
from storage.digests import UNIT, Reader
from storage.outbox import Channel, Purpose
from storage.reports.deadlines import Deadlines
from storage.staff import find_staff_by_id

BY_MAIL = ":mail"  # after the subject of the second notice of a digest that goes by chat and by mail


@dataclass(frozen=True)
class DigestRules:
    """When digests are due and where their links lead; `makers` fill the sections that other subjects own."""

    weekday: int = 1  # 1 is Monday
    at: time = time(8, 30)
    public_url: str = ""
    makers: Sequence[SectionMaker] = ()


def build_rules(settings: Settings) -> DigestRules:
    """Return the rules as they are configured."""
    return DigestRules(settings.schedule.digest_weekday, settings.schedule.digest_time, settings.web.public_url)


def make_next_digest(
    database: Database,
    read_deadlines: Callable[[Connection], Deadlines],
    rules: DigestRules,
    *,
    now: Callable[[], datetime],
) -> bool:
    """Make one digest that is due and not yet made; returns whether there was one.

    After a stop the week that became due last is made, however late; weeks before it are left to the command line.
    Who joined the staff after it was due reads the next one.
    """
    at = now()
    failure: Exception | None = None
    for week, reader in _list_missing(database, read_deadlines, rules, at):
        try:
            with database.read() as db:
                facts = gather(db, reader, week, deadlines=read_deadlines(db), now=at, makers=rules.makers)
            queue_digest(database, facts, rules)
        except database.outages:
            raise
        except Exception as error:  # one that cannot be made must not keep the others from theirs
            failure = error
        else:
            return True
    if failure is not None:
        raise failure
    return False


def _list_missing(
    database: Database, read_deadlines: Callable[[Connection], Deadlines], rules: DigestRules, at: datetime
) -> list[tuple[Week, Reader]]:
    """Return whose digests of which weeks are due and not made, the oldest week first."""
    missing = []
    with database.read() as db:
        calendar = read_deadlines(db).calendar
        for week in list_due_weeks(at, calendar, rules.weekday, rules.at):
            made = digests.list_recipients(db, str(week))
            due_at = find_due_at(week, calendar, rules.weekday, rules.at)
            readers = digests.list_readers(db, since_before=due_at)
            missing += [(week, reader) for reader in readers if reader.recipient not in made]
    return missing


def queue_digest(database: Database, facts: Facts, rules: DigestRules) -> bool:
    """Keep a digest and its notice in one transaction; False when this reader's digest of the week was made before."""
    said = phrase(facts, link=build_link(facts.reader, facts.week, rules.public_url))
    page = render(facts, link_to=build_link_maker(facts.reader, facts.week, rules.public_url))
    week, reader = str(facts.week), facts.reader
    with database.write() as db:
        if digests.keep_digest(db, reader, week=week, words=said, page=page, now=facts.made_at) is None:
            return False
        for subject, channels in _list_ways(db, reader, f"week:{week}"):
            outbox.add_notice(
                db,
                recipient=reader.recipient,
                purpose=Purpose.DIGEST,
                subject=subject,
                fields={"channels": channels} if channels else {},
                now=facts.made_at,
            )
    return True


def _list_ways(db: Connection, reader: Reader, subject: str) -> list[tuple[str, list[str]]]:
    """Return the subjects and channels of a digest's notices: by chat and by mail for who has both."""
    person = find_staff_by_id(db, reader.staff_id)
    if person is None or not person.email or find_binding(db, reader.staff_id) is None:
        return [(subject, [])]
    return [(subject, [Channel.CUSTOMER, Channel.TEMPLATE]), (f"{subject}{BY_MAIL}", [Channel.MAIL])]


def build_link(reader: Reader, week: Week, public_url: str) -> str:
    """Return the address of a digest's page, or nothing where there is none that this reader can open."""
    return f"{public_url.rstrip('/')}/admin/digests/{week}" if public_url and reader.can_log_in else ""


def build_link_maker(reader: Reader, week: Week, public_url: str) -> LinkMaker:
    """Return what gives the address of a figure's rows; liaisons cannot open them."""
    link = build_link(reader, week, public_url)
    if not link or reader.kind == UNIT or not reader.scope.is_whole:
        return lambda _figure: ""
    return lambda figure: f"{link}/{figure.value}"
