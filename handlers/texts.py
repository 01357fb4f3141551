"""Every sentence that the bot says: short, spoken, and true at two in the morning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from handlers.classify import Emergency
from handlers.conversation import Sentence, list_missing
from storage.reports.gathering import Pieces, RecentReport
from storage.reports.tables import ReportState

MAX_REPLY_BYTES = 1_800  # the platform cuts a passive reply near 2,047 bytes; some clients fail before

_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_LINK_MARK = re.compile(r"(?<=[A-Za-z0-9])[:.](?=[A-Za-z/])")


@dataclass(frozen=True, slots=True)
class DutyPhone:
    """A number that an emergency answer gives beside the national ones."""

    label: str
    number: str


def say(
    sentence: Sentence,
    *,
    code: str,
    pieces: Pieces,
    emergency: Emergency | None = None,
    asks: bool = False,
    is_apart: bool = False,
    cautions: bool = False,
    duty_phones: Sequence[DutyPhone] = (),
    receipt: str = "",
) -> str:
    """Return the words of a sentence about one report.

    With `cautions` it begins with what to do right now, with `is_apart` it says that a report of its own was made,
    with `asks` it puts the open question, with a `receipt` it tells the word that opens the report from any account.
    """
    if receipt:
        plain = say(sentence, code=code, pieces=_cut_place(pieces), is_apart=is_apart, cautions=cautions)
        plain = plain.replace("，回“进度”能查。", "。").replace("，查看身份要写理由、留记录", "")
        return f"{plain}凭编号和口令 {receipt} 在哪个号都能查。{_question(pieces) if asks else ''}"
    caution = "先停下来，人离远点。" if cautions else ""
    apart = "这个另记一条。" if is_apart else ""
    question = _question(pieces) if asks else ""
    on_site = "方便的话，也跟现场管事的说一声。" if pieces.is_anonymous else "也请跟现场管事的说一声。"
    match sentence:
        case Sentence.EMERGENCY:
            return _emergency(code, emergency, duty_phones)
        case Sentence.URGENT:
            first = "119、120、110 还没打的话先打，您先站到安全的地方。"
            return f"{first}记下了，编号 {code}：{read_back(pieces)}。{question}"
        case Sentence.GATHERING:
            return f"{caution}{apart}收到，编号 {code}：{read_back(pieces)}。{question}"
        case Sentence.READ_BACK:
            return f"{caution}记下了，编号 {code}：{read_back(pieces)}{_still_missing_after(pieces)}。"
        case Sentence.SUBMITTED:
            return f"{caution}{apart}好，编号 {code} 齐了：{read_back(pieces)}。镇里会有人看，回“进度”能查。{on_site}"
        case Sentence.AS_IT_IS:
            known = f"{read_back(pieces)}{_still_missing_after(pieces)}"
            return f"好，编号 {code} 先这样报上去：{known}，想起来再发。{on_site}"
        case Sentence.ADDED:
            return f"{caution}加进 {code} 了，现在有：{read_back(pieces)}。"
        case Sentence.CORRECTED:
            return f"改好了，编号 {code}：{read_back(pieces)}{_still_missing_after(pieces)}。"
        case Sentence.WHAT_IS_RIGHT:
            return f"哪儿不对？直接发对的就行。编号 {code} 现在是：{read_back(pieces)}。"
        case Sentence.NEVER_MIND:
            return f"编号 {code} 要收回，就回“撤回”；不收回照样办。现在有：{read_back(pieces)}。"
        case Sentence.ANONYMOUS:
            return (
                f"好，编号 {code} 按匿名办：{read_back(pieces)}{_still_missing_after(pieces)}。"
                f"您是谁不会告诉被反映的单位，查看身份要写理由、留记录。{question}"
            )
        case Sentence.ANONYMOUS_FROM_NOW:
            return (
                "好，您往后报的都按匿名办，不会告诉被反映的单位：转下去的单子另写，不带原话原图。接着拍照或说一句就行。"
            )
        case Sentence.NEXT_ONE:
            before = f"编号 {code} 先报上去了{_still_missing_after(pieces)}。{on_site}" if code else ""
            return f"好，{before}接着发下一个：照片，或说说哪儿有什么问题。"
        case Sentence.WHAT_IS_THERE:
            return "地方记下了。这里有什么问题？发张照片，或说一句。"
        case Sentence.EMPTY_PLACE:
            return "这个定位没收全。再发一次，或说说在哪儿。"


def _cut_place(pieces: Pieces) -> Pieces:
    return replace(pieces, place_label=quote(pieces.place_label, 10))


def read_back(pieces: Pieces) -> str:
    """Return what a report has, as people would count it: 2 张照片、情况、地点东坪村."""
    parts = []
    if pieces.photos:
        parts.append(f"{pieces.photos} 张照片")
    if pieces.voices:
        parts.append(f"{pieces.voices} 段语音")
    if pieces.videos:
        parts.append(f"{pieces.videos} 段视频")
    if pieces.description:
        parts.append("您说的情况")
    if pieces.place_label:
        parts.append(f"地点{quote(pieces.place_label, 24)}")
    elif pieces.latitude is not None:
        parts.append("定位")
    return "、".join(parts) or "还没有内容"


_MISSING_WORDS = {"look": "照片或一句话", "description": "情况", "place": "地点"}


def _still_missing(pieces: Pieces) -> str:
    return "还缺" + "和".join(_MISSING_WORDS[name] for name in list_missing(pieces))


def _still_missing_after(pieces: Pieces) -> str:
    return f",{_still_missing(pieces)}" if list_missing(pieces) else ""


def _question(pieces: Pieces) -> str:
    missing = list_missing(pieces)
    if "place" in missing:
        return "这是在哪儿？发个定位，或说一句都行。"
    if missing:
        return "有什么问题？说一句就行。"
    return ""


def _emergency(code: str, emergency: Emergency | None, duty_phones: Sequence[DutyPhone]) -> str:
    phones = " ".join(emergency.phones) if emergency else "119 120"
    advice = emergency.advice if emergency else "人先离开"
    duty = "".join(f",{phone.label} {phone.number}" for phone in duty_phones[:1])
    return (
        f"【先打电话】{phones}{duty}。\n【现在】{advice.rstrip('。')}。\n"
        f"发消息不等于报警，请您自己打，说清在哪儿、几个人。"
        f"人安全了再发位置和照片，编号 {code}。"
    )


WELCOME = (
    "这里是随手拍。看到隐患，拍张照片或说一句就行，不用填表，不问您是谁。"
    "发来的东西只用来核实和整改，可以匿名，回“删除”可删您的信息。"
    "着火、伤人请先打 119、120。"
)
HELP = (
    "怎么用：\n1 拍照发来，或直接说哪儿有什么问题\n2 发个定位，或说在哪儿\n3 回“进度”看办到哪一步\n"
    "回“匿名”不留名，回“撤回”收回，回“删除”删您的信息。\n着火、伤人先打 119、120。"
)
PROMPT_REPORT = "直接拍照发过来，或说说哪儿有什么问题。一次几张都行。"
SMALL_TALK = "在的。看到隐患，拍张照片或说一句哪儿有什么问题就行。急事先打 119、120、110。"
THANKS = "不客气，多亏您说一声。"
NOT_UNDERSTOOD = "这句没看明白，已经转给值守的人看。要报隐患的话，说说在哪儿、有什么问题，或拍张照片。"
FOR_PEOPLE = "收到，已经转给镇里的人看。"
LINK = "链接这边打不开，已经转给人看。方便的话拍张照片，或说说哪儿有什么问题。"
EMPTY_TEXT = "没收到内容。可以发照片，或说说哪儿有什么问题。"
UNSUPPORTED = "这种消息这边收不到，已经记下转给人看。发照片、语音，或说一句都行。"
CONCEALED = (
    "这事我封存了，不进普通的单子，只有指定的一两个人能看。"
    "人命的事要由县里查，请打 12350，或微信搜“应急管理部安全生产举报”，可以匿名。"
)
REWARD = (
    "奖励由受理的部门认定，这边不能许数。一般隐患各地自己定，重大隐患国家有办法。"
    "想走有奖举报，请打 12350，或微信搜“应急管理部安全生产举报”。"
)
PRIVACY = (
    "您是谁不会告诉被反映的单位：转下去的单子另写，不带您的原话、原图和原声。看身份要写理由、留记录。回“匿名”更稳妥。"
)
PRIVACY_REFUSED = "谁反映的依法保密，不能告诉任何单位和个人。"
SAFETY_QUESTION = "这个问题转给懂行的人答复。拿不准先停下来，别冒险。要是现在就有险情，先打 119、120。"
RECORD = "收到，记录先转给镇里的人登记。"
NO_REPORTS = "您这儿还没有报过。看到隐患，拍张照片或说一句就行。"
NOTHING_TO_WITHDRAW = "没有能撤的。要报隐患，直接拍照或说一句就行。"
SORRY = "这边出了点毛病，您的消息已经存下，一会儿接着办。急事请打 119、120。"


def redirect(number: str) -> str:
    """Return where a matter belongs that is no hazard."""
    return f"这事不归这里管，打 {number or '12345'} 最快。要是有隐患，照样可以发这里。"


def no_such_report(code: str) -> str:
    """Return the answer to a code that is not there or not theirs; the two must sound alike."""
    return f"您这儿没有 {quote(code, 16)} 这个编号。回“进度”看您报过的。"


_STATE_WORDS = {
    ReportState.GATHERING: "还在收集",
    ReportState.RECEIVED: "等着受理",
    ReportState.ACCEPTED: "已受理，要去核实",
    ReportState.DECLINED: "没有受理",
    ReportState.MERGED: "跟别人报的同一件并在一起办",
    ReportState.TRANSFERRED: "转给上面的部门了",
    ReportState.VERIFIED: "核实了，准备派下去",
    ReportState.UNFOUNDED: "去看过，没有发现",
    ReportState.ASSIGNED: "派下去整改了",
    ReportState.RECTIFIED: "整改完，等着复查",
    ReportState.CLOSED: "改好了，已销号",
    ReportState.REOPENED: "又重新办了",
    ReportState.WITHDRAWN: "您撤回了",
}


def say_state(state: ReportState) -> str:
    """Return where a report stands, as its reporter is told."""
    return _STATE_WORDS[state]


def progress(reports: Sequence[RecentReport], standings: Mapping[int, str] = {}) -> str:
    """Return where the reporter's own reports stand, a line each; `standings` says more of some, by their id."""
    lines = []
    for report in reports:
        about = quote(report.pieces.description.split("\n")[0], 16) or read_back(report.pieces)
        missing = _still_missing_after(report.pieces) if report.state is ReportState.GATHERING else ""
        stands = standings.get(report.id) or _STATE_WORDS[report.state]
        lines.append(f"{report.code} {about}：{stands}{missing}")
    return "\n".join(lines)


def erased(*, with_pictures: bool) -> str:
    """Return the answer to a wish to be forgotten."""
    pictures = "照片也删了。" if with_pictures else ""
    return f"您的身份信息删掉了，原来的对话也清空了。{pictures}报过的隐患不带名字，继续办，只是往后查不到进度了。"


def withdrawn(code: str) -> str:
    """Return the answer to a report that was taken back in time."""
    return f"编号 {code} 撤回了。以后看到隐患，还可以发来。"


def too_late_to_withdraw(code: str) -> str:
    """Return the answer to a withdrawal that comes after somebody began to work on the report."""
    return f"编号 {code} 已经有人接手，撤不了，但不会说是您报的。要删您的信息，回“删除”。"


def too_late_since_done(report: RecentReport) -> str:
    """Return the answer to a withdrawal of a report that is settled already."""
    return f"编号 {report.code} {_STATE_WORDS[report.state]}，不用撤了。要删您的信息，回“删除”。"


def photos_purged(code: str) -> str:
    """Return the answer to a wish to have the pictures deleted."""
    return f"编号 {code} 的照片、语音和视频都删了，隐患照样办。"


def quote(words: str, most: int) -> str:
    """Return a reporter's words as they may stand in an answer: short, one line, with nothing that acts as a link."""
    plain = " ".join(_CONTROL.sub("", words).split())
    plain = plain.replace("<", "‹").replace(">", "›")
    plain = _LINK_MARK.sub(lambda found: f"{found[0]} ", plain)  # a client makes links of http: and of a.cn
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def fit_reply(words: str) -> str:
    """Return an answer cut to what the platform surely delivers, without the characters that XML does not know."""
    clean = _CONTROL.sub("", words)
    encoded = clean.encode("utf-8")
    if len(encoded) <= MAX_REPLY_BYTES:
        return clean
    return encoded[: MAX_REPLY_BYTES - 3].decode("utf-8", "ignore") + "…"
