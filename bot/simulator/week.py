"""The sample week, played through the real robot, the real steps and the real jobs at the week's own time."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from heapq import merge
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.jobs.gathering import close_next_gathering
from bot.jobs.process import run_jobs_once
from bot.simulator.envelopes import Envelope
from bot.simulator.office import TICK, Office
from bot.simulator.people import SAMPLE_OFFICES, SAMPLE_PEOPLE, SAMPLE_STAFF, SAMPLE_UNITS
from bot.simulator.phones import save_phones
from bot.simulator.platform import Platform
from bot.simulator.scenes import read_sample
from bot.simulator.script import Step, load_week
from bot.simulator.voice_sample import build_amr_second
from bot.webhook.incoming import read_fields, read_incoming
from bot.wiring import Program
from storage import bindings, staff, units

SHANGHAI = ZoneInfo("Asia/Shanghai")
_LEFT_ALONE = timedelta(hours=44)  # as old as that a report must be for the invented office to have touched it
_FIRST_TICK, _LAST_TICK = time(6), time(21)  # nothing but the people's own messages happens at night


@dataclass
class WeekClock:
    """The time of what is being played."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class _Moment:
    at: datetime
    step: Step | None = None  # None: the office and the liaisons look at what there is

    def __lt__(self, other: _Moment) -> bool:
        return self.at < other.at


def place_week(steps: list[Step], now: datetime) -> list[tuple[datetime, Step]]:
    """Return when each step of the sample week happens, in order.

    The week is the last one that ended, so that Monday's digest tells of it. The dialogues of up to three of its days
    are moved into the present week, to the days just before today: somebody who looks at the demo on a Saturday finds
    fresh reports, too.
    """
    today = now.astimezone(SHANGHAI).date()
    monday = datetime.combine(today - timedelta(days=today.weekday() + 7), time(), SHANGHAI)
    moved = range(max(0, today.weekday() - 3), today.weekday())  # days of the week, counted from 0
    placed = [
        (monday + step.at + (timedelta(days=7) if step.at.days in moved else timedelta()), step) for step in steps
    ]
    return sorted(placed, key=lambda pair: pair[0])


def play_week(program: Program, platform: Platform, clock: WeekClock, now: datetime, phones: Path) -> None:
    """Fill an empty database with the sample township and let its people live until `now`; saves what phones show."""
    placed = place_week(load_week(), now)
    clock.at = datetime.combine(placed[0][0].astimezone(SHANGHAI).date(), time(5), SHANGHAI)
    _set_up(program, clock())
    player = _Player(program, platform, clock)
    player.bind_liaisons()
    office = Office(program, player.say, now - _LEFT_ALONE)
    moments = merge((_Moment(at, step) for at, step in placed), _list_ticks(clock(), now))
    for moment in moments:
        clock.at = max(clock.at, moment.at)
        if moment.step is None:
            office.tick(clock())
            run_jobs_once(program)
        else:
            player.play(moment.step)
    clock.at = now
    run_jobs_once(program)
    save_phones(platform, phones)


def _list_ticks(start: datetime, end: datetime) -> Iterator[_Moment]:
    at = start
    while at < end:
        if _FIRST_TICK <= at.astimezone(SHANGHAI).time() <= _LAST_TICK:
            yield _Moment(at)
        at += TICK


def _set_up(program: Program, now: datetime) -> None:
    with program.database.write() as db:
        ids = {
            unit.name: units.add_unit(
                db,
                name=unit.name,
                kind=unit.kind,
                aliases=unit.aliases,
                latitude=unit.latitude,
                longitude=unit.longitude,
                is_high_risk=unit.is_high_risk,
                now=now,
            )
            for unit in SAMPLE_UNITS
        }
        liaisons: dict[int, list[int]] = {}
        for member in SAMPLE_STAFF:
            member_id = staff.add_staff(
                db,
                username=member.username,
                display_name=member.name,
                role=member.role,
                password_hash="",
                email=member.email,
                now=now,
            )
            for unit in member.units:
                liaisons.setdefault(ids[unit], []).append(member_id)
        for unit_id, member_ids in liaisons.items():
            staff.set_liaisons(db, unit_id, member_ids)
        units.set_category_offices(db, {category: ids[name] for category, name in SAMPLE_OFFICES.items()})


@dataclass(frozen=True)
class _Player:
    """Sends from the sample people's phones, straight into the robot."""

    program: Program
    platform: Platform
    clock: WeekClock

    def play(self, step: Step) -> None:
        """Send what a person sends in one step."""
        while close_next_gathering(self.program.database, now=self.clock):
            pass  # what has waited long enough for more pieces, as the job would have done meanwhile
        for envelope in _build_envelopes(self.platform, step):
            message = read_incoming(read_fields(envelope.body), envelope.body, received_at=self.clock())
            reply = self.program.robot.get_reply(message)
            self.platform.record_exchange(envelope, reply.content)

    def say(self, person: str, words: str, photos: Sequence[str]) -> None:
        """Send words, and photos after them."""
        step = Step(timedelta(), person, "text", text=words)
        self.play(step)
        if photos:
            self.clock.at += timedelta(seconds=15)
            self.play(replace(step, kind="photo", text="", scenes=tuple(photos)))
        self.clock.at += timedelta(seconds=20)

    def bind_liaisons(self) -> None:
        """Let every liaison type the code that the office gave them."""
        for member in SAMPLE_STAFF:
            if not member.person:
                continue
            with self.program.database.write() as db:
                known = staff.find_staff(db, member.username)
                if known is None:
                    raise RuntimeError(f"{member.username} was not set up")
                code = bindings.make_bind_code(db, known.id, by="staff:demo", now=self.clock(), choose=secrets.choice)
            self.say(member.person, f"绑定 {code}", [])


def _build_envelopes(platform: Platform, step: Step) -> list[Envelope]:
    openid = next(person.openid for person in SAMPLE_PEOPLE if person.name == step.person)
    build = platform.build
    kinds: dict[str, Callable[[], list[Envelope]]] = {
        "text": lambda: [build.text(openid, step.text)],
        "photo": lambda: build.images(openid, [read_sample(scene) for scene in step.scenes]),
        "voice": lambda: [build.voice(openid, build_amr_second(), recognition=step.text)],
        "location": lambda: [build.location(openid, step.latitude or 0.0, step.longitude or 0.0, step.label)],
        "link": lambda: [build.link(openid, step.text, "", step.label)],
        "click": lambda: [build.click(openid, step.event_key)],
        "scan": lambda: [build.scan(openid, step.event_key)],
        "subscribe": lambda: [build.subscribe(openid, step.event_key)],
        "unsubscribe": lambda: [build.unsubscribe(openid)],
    }
    return kinds[step.kind]()
