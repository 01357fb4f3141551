"""Cases 16 to 31: ordinary messages, what is answered and what is stored of each."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.documents.tabular import REPORT_COLUMNS, write_rows
from storage.attachments import attachments, claim_next_due
from storage.messages import messages
from storage.reporters import reporters
from storage.reports.export import iter_reports
from storage.reports.tables import reports
from tests.conformance.platform import Desk, Raw

HAZARD = "东坪村小学门口的电线掉下来了"
POINT = {"Location_X": Raw("23.134521"), "Location_Y": Raw("113.358803"), "Scale": 20, "Label": "样例镇东坪村"}
PICTURE_URL = "http://mmbiz.qpic.cn/mmbiz_jpg/abc/0"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@dataclass(frozen=True)
class Case:
    """One message, the form of its answer, and columns of the rows that it leaves; None for no row."""

    kind: str
    elements: Mapping[str, Any]
    message: Mapping[str, Any]
    answers: tuple[str, ...] = ("words",)
    reporter: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] | None = None
    attachment: Mapping[str, Any] | None = None


def _point(**changes: Any) -> dict[str, Any]:
    return POINT | changes


NO_POINT = {"place_latitude": None, "place_longitude": None}

CASES = [
    pytest.param(
        Case(
            "text",
            {"Content": HAZARD},
            {"kind": "text", "text": HAZARD, "intent": "hazard", "state": "done"},
            report={"description": HAZARD, "message_count": 1},
        ),
        id="c16-text",
    ),
    pytest.param(
        Case(
            "image",
            {"PicUrl": PICTURE_URL, "MediaId": "MEDIA_1"},
            {"kind": "image", "text": ""},
            report={"photo_count": 1, "state": "gathering"},
            attachment={"kind": "photo", "state": "pending", "media_id": "MEDIA_1", "picture_url": PICTURE_URL},
        ),
        id="c17-image",
    ),
    pytest.param(
        Case(
            "image",
            {"PicUrl": PICTURE_URL},
            {"kind": "image"},
            report={"photo_count": 1},
            attachment={"state": "pending", "media_id": "", "picture_url": PICTURE_URL},
        ),
        id="c18-image-without-media-id",
    ),
    pytest.param(
        Case(
            "image",
            {},
            {"kind": "image"},
            report={"photo_count": 1},
            attachment={"state": "lost", "reason": "no_reference", "due_at": None},
        ),
        id="c18-image-without-anything",
    ),
    pytest.param(
        Case(
            "voice",
            {"MediaId": "VOICE_8K", "MediaId16K": "VOICE_16K", "Format": "amr"},
            {"kind": "voice", "text": ""},
            report={"voice_count": 1, "description": ""},
            attachment={"kind": "voice", "state": "pending", "media_id": "VOICE_16K", "voice_format": "amr"},
        ),
        id="c19-voice-16k-no-recognition",
    ),
    pytest.param(
        Case(
            "voice",
            {"MediaId": "VOICE_8K", "MediaId16K": "VOICE_16K", "Format": "speex", "Recognition": ""},
            {"kind": "voice", "text": ""},
            report={"voice_count": 1, "description": ""},
            attachment={"media_id": "VOICE_16K", "voice_format": "speex"},
        ),
        id="c19-voice-empty-recognition",
    ),
    pytest.param(
        Case(
            "voice",
            {"MediaId": "VOICE_8K", "Format": "amr", "Recognition": HAZARD},
            {"kind": "voice", "text": HAZARD, "intent": "hazard"},
            report={"voice_count": 1, "description": HAZARD},
            attachment={"media_id": "VOICE_8K"},
        ),
        id="c20-voice-with-recognition",
    ),
    *(
        pytest.param(
            Case(
                kind,
                {"MediaId": "VIDEO_1", "ThumbMediaId": "THUMB_1"},
                {"kind": "video"},
                report={"video_count": 1},
                attachment={"kind": "video", "state": "pending", "media_id": "VIDEO_1"},
            ),
            id=f"c21-{kind}",
        )
        for kind in ("video", "shortvideo")
    ),
    pytest.param(
        Case(
            "location",
            POINT,
            {"kind": "location"},
            reporter={"place_latitude": 23.134521, "place_longitude": 113.358803, "place_label": "样例镇东坪村"},
        ),
        id="c22-location",
    ),
    *(
        pytest.param(
            Case("location", _point(**{name: value}), {"kind": "location", "state": "done"}, reporter=NO_POINT),
            id=f"c23-location-{name[-1].lower()}-{value or 'empty'}",
        )
        for name, value in (
            ("Location_X", "nan"),
            ("Location_Y", "inf"),
            ("Location_X", "-inf"),
            ("Location_X", "1e400"),
            ("Location_X", "91"),
            ("Location_Y", "181"),
            ("Location_X", "abc"),
            ("Location_Y", ""),
            ("Location_X", "２３"),
            ("Location_X", "1_0.0x"),
        )
    ),
    pytest.param(
        Case(
            "location",
            _point(Label=None),
            {"kind": "location"},
            reporter={"place_latitude": 23.134521, "place_longitude": 113.358803, "place_label": ""},
        ),
        id="c23-location-without-label",
    ),
    pytest.param(
        Case("location", {}, {"kind": "location", "state": "done"}, reporter=NO_POINT | {"place_label": ""}),
        id="c23-location-of-nothing",
    ),
    pytest.param(
        Case(
            "link",
            {"Title": "看这里", "Description": "路塌了", "Url": "http://127.0.0.1:9/never"},
            {"kind": "link", "text": "看这里\n路塌了\nhttp://127.0.0.1:9/never", "state": "unsorted"},
        ),
        id="c24-link",
    ),
    pytest.param(
        Case(
            "text",
            {"Content": HAZARD, "MsgDataId": 99, "Idx": 1},
            {"text": HAZARD},
            report={"description": HAZARD},
        ),
        id="c25-text-of-an-article",
    ),
    pytest.param(
        Case("text", {"Content": "进度", "bizmsgmenuid": "101"}, {"text": "进度", "intent": "status_query"}),
        id="c25-text-of-a-menu",
    ),
    pytest.param(
        Case(
            "text",
            {"Content": HAZARD, "tail": "webwx_msg_cli_ver_0x1"},
            {"text": HAZARD, "state": "done"},
            report={"description": HAZARD},
        ),
        id="c26-text-with-tail",
    ),
    pytest.param(Case("text", {"Content": ""}, {"text": "", "state": "done"}), id="c27-empty"),
    pytest.param(Case("text", {}, {"text": "", "state": "done"}), id="c27-missing"),
    pytest.param(Case("text", {"Content": "   \u3000 "}, {"text": "", "state": "done"}), id="c27-spaces"),
    pytest.param(
        Case("text", {"Content": HAZARD * 98}, {"text": HAZARD * 98}, ("words", "none"), report={}),
        id="c27-4-kb",
    ),
    pytest.param(
        Case(
            "text",
            {"Content": HAZARD * 488},
            {"text": HAZARD * 488},
            ("words", "none"),
            report={"description": (HAZARD * 488)[:4000]},
        ),
        id="c27-20-kb",
    ),
    *(
        pytest.param(
            Case("text", {"Content": words}, {"text": words}, ("words", "none"), report={"description": words}),
            id=f"c28-{name}",
        )
        for name, words in (
            ("family", HAZARD + FAMILY + "快来"),
            ("beyond-the-first-plane", "\U00020bb7野家门口的" + HAZARD),
            ("direction-and-zero-width", "\u202e" + HAZARD + "\u200b\u200f完"),
            ("tab", "东坪村\t" + HAZARD),
            ("lines", "东坪村\n" + HAZARD),
        )
    ),
    pytest.param(
        Case(
            "text",
            {"Content": Raw("<![CDATA[第一行\r\n" + HAZARD + "]]>")},
            {"text": "第一行\n" + HAZARD},  # XML 1.0 section 2.11: a parser reads every line end as one line feed
            report={},
        ),
        id="c28-carriage-return",
    ),
    pytest.param(
        Case("text", {"Content": f"  {HAZARD}  "}, {"text": HAZARD}, report={"description": HAZARD}),
        id="c28-spaces-around-go",
    ),
    *(
        pytest.param(
            Case("text", {"Content": content}, {"text": words}, ("words", "none"), report={"description": words}),
            id=f"c29-{name}",
        )
        for name, content, words in (
            ("split-cdata", HAZARD + "]]>完", HAZARD + "]]>完"),
            ("escaped", Raw(HAZARD + "]]&gt;&lt;b&gt;&amp;"), HAZARD + "]]><b>&"),
            ("declaration", HAZARD + "<!DOCTYPE a>", HAZARD + "<!DOCTYPE a>"),
            ("comment", HAZARD + "<!-- 快 -->", HAZARD + "<!-- 快 -->"),
            ("arrows", HAZARD + "<" * 500, HAZARD + "<" * 500),
            ("placeholders", HAZARD + "{target}{0}%s%(a)s$x", HAZARD + "{target}{0}%s%(a)s$x"),
        )
    ),
    pytest.param(
        Case(
            "text",
            {"Content": f'<a href="http://x.example/">{HAZARD}</a> javascript:alert(1)'},
            {"text": f'<a href="http://x.example/">{HAZARD}</a> javascript:alert(1)'},
            report={},
        ),
        id="c30-link-in-text",
    ),
    pytest.param(
        Case(
            "text",
            {"Content": f'=HYPERLINK("http://x.example","{HAZARD}")'},
            {"text": f'=HYPERLINK("http://x.example","{HAZARD}")'},
            report={"description": f'=HYPERLINK("http://x.example","{HAZARD}")'},
        ),
        id="c31-formula",
    ),
]


@pytest.mark.parametrize("case", CASES)
def test_answers_and_keeps_message(desk: Desk, case: Case) -> None:
    body = desk.make_body(case.kind, **case.elements)
    words = desk.post(body).get_words_or_none()
    assert ("none" if words is None else "words") in case.answers
    _check(desk.get_row(messages), case.message)
    assert desk.open_payload(desk.get_row(messages)) == body
    _check(desk.get_row(reporters), case.reporter)
    if case.report is None:
        assert desk.list_rows(reports) == []
    else:
        _check(desk.get_row(reports), case.report)
        assert desk.get_row(messages)["report_id"] == desk.get_row(reports)["id"]
    if case.attachment is None:
        assert desk.list_rows(attachments) == []
    else:
        _check(desk.get_row(attachments), case.attachment)


def _check(row: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    assert {name: row[name] for name in expected} == dict(expected)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(HAZARD, id="c16-text"),
        pytest.param("\U00020bb7野家门口的" + HAZARD + FAMILY, id="c28-beyond-the-first-plane"),
        pytest.param(HAZARD + "]]>'\"\\%s", id="c29-quotes"),
    ],
)
def test_keeps_every_character_on_either_engine(either_desk: Desk, words: str) -> None:
    either_desk.say(words)
    assert either_desk.get_row(messages)["text"] == words
    assert either_desk.get_row(reports)["description"] == words


def test_c17_attachment_is_due_at_once(either_desk: Desk) -> None:
    either_desk.photo("MEDIA_1")
    row = either_desk.get_row(attachments)
    assert row["due_at"] == either_desk.clock.at
    with either_desk.database.write() as db:
        due = claim_next_due(db, now=either_desk.clock.at, next_try_at=either_desk.clock.at)
    assert due is not None
    assert due.media_id == "MEDIA_1"


def test_c27_answers_empty_text_with_help(desk: Desk) -> None:
    assert "没收到内容" in desk.say("").get_words()


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("东坪]]>村口", id="c29-cdata-end"),
        pytest.param("东坪村]]></Content>口", id="c29-new-element"),
        pytest.param("东坪<b>&amp;村口", id="c29-markup"),
        pytest.param("{target}%s村口", id="c29-placeholders"),
        pytest.param('<a href="//x.cn">村', id="c30-anchor"),
        pytest.param("javascript:1村口", id="c30-script"),
        pytest.param("http://x.cn/村口", id="c30-address"),
        pytest.param("东坪\u202e村口\u200b", id="c28-direction"),
    ],
)
def test_echoed_place_neither_breaks_reply_nor_links(desk: Desk, place: str) -> None:
    desk.photo("MEDIA_1")
    desk.clock.advance(seconds=20)
    words = desk.send("location", **_point(Label=place)).get_words()
    assert desk.get_row(reports)["place_label"] == place
    assert "地点" in words
    assert "<a" not in words
    assert "://" not in words
    assert not set("\u202e\u200b") & set(words)


def test_c31_formula_is_harmless_in_export(desk: Desk) -> None:
    desk.say(f'=HYPERLINK("http://x.example","{HAZARD}")')
    stream = io.BytesIO()
    with desk.database.read() as db:
        write_rows(iter_reports(db), REPORT_COLUMNS, "csv", stream)
    (row,) = list(csv.DictReader(io.StringIO(stream.getvalue().decode("utf-8-sig"))))
    assert row["情况"].startswith("'=")


def test_progress_of_long_reports_stays_deliverable(desk: Desk) -> None:
    for number in range(4):
        desk.say(f"第{number}家小卖部门口的电线掉下来了" + "很危险" * 300)
        desk.clock.advance(minutes=30)
    assert "编号" not in desk.say("进度").get_words()
    assert len(desk.list_rows(reports)) == 4
