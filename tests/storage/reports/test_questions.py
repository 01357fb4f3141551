"""What a reporter was asked: one open question of a kind about a report, answered once."""

from __future__ import annotations

from datetime import datetime, timedelta

from storage.database import Database
from storage.reports import questions
from storage.reports.questions import QuestionKind
from storage.reports.tables import ReportState
from tests.factories import make_report, make_reporter
from tests.looping import DUE, REVIEWER

DAY = timedelta(days=1)


def test_a_further_question_of_a_kind_gives_the_one_before_up(database: Database, now: datetime) -> None:
    with database.write() as db:
        reporter = make_reporter(db)
        number = make_report(db, reporter_id=reporter)
        fixed = questions.ask(db, number, reporter, QuestionKind.FIXED, by=REVIEWER, now=now)
        questions.ask(db, number, reporter, QuestionKind.MORE, by=REVIEWER, now=now, question="哪一根杆？")
        more = questions.ask(
            db, number, reporter, QuestionKind.MORE, by=REVIEWER, now=now + DAY, question="杆上有号没有？", due_at=DUE
        )
        found = questions.find_open_question(db, number, QuestionKind.MORE)
        assert found is not None
        assert (found.id, found.question, found.asked_at, found.due_at) == (more, "杆上有号没有？", now + DAY, DUE)
        assert [row.answer for row in questions.list_questions(db, number)] == ["", "none", ""]
        assert [row.id for row in questions.list_open_questions(db, reporter)] == [more, fixed]


def test_a_question_is_answered_once(database: Database, now: datetime) -> None:
    with database.write() as db:
        reporter = make_reporter(db)
        number = make_report(db, reporter_id=reporter)
        asked = questions.ask(db, number, reporter, QuestionKind.FIXED, by=REVIEWER, now=now)
        assert questions.answer(db, asked, "fixed", now=now + DAY)
        assert not questions.answer(db, asked, "not_fixed", now=now + 2 * DAY)
        questions.end_questions(db, number, now=now + 2 * DAY)
        (row,) = questions.list_questions(db, number)
        assert (row.answer, row.answered_at) == ("fixed", now + DAY)
        assert questions.list_open_questions(db, reporter) == []


def test_a_reporter_has_their_own_questions_only(database: Database, now: datetime) -> None:
    with database.write() as db:
        mine, theirs = make_reporter(db), make_reporter(db)
        first = make_report(db, reporter_id=mine, state=ReportState.CLOSED, code="2611-901")
        second = make_report(db, reporter_id=theirs)
        questions.ask(db, first, mine, QuestionKind.FIXED, by=REVIEWER, now=now)
        questions.ask(db, second, theirs, QuestionKind.FIXED, by=REVIEWER, now=now)
        (row,) = questions.list_open_questions(db, mine)
        assert (row.code, row.state) == ("2611-901", ReportState.CLOSED)
        questions.end_questions(db, second, now=now, kind=QuestionKind.MORE)
        assert len(questions.list_open_questions(db, theirs)) == 1
        questions.end_questions(db, second, now=now)
        assert questions.list_open_questions(db, theirs) == []
        assert len(questions.list_open_questions(db, mine)) == 1
