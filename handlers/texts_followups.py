"""What a reporter hears once a report is submitted: thanks for an answer, a report opened anew, its state."""

from __future__ import annotations

from handlers.texts import quote, read_back
from storage.reports.gathering import Pieces

WRONG_RECEIPT = "编号或者口令不对，再看看是不是打错了。"
RECEIPT_PAUSED = "试的次数多了，过一个小时再来。急事请打 119、120。"


def fixed(code: str) -> str:
    """Return the answer to 1."""
    return f"好，{code} 改好了就结了，多亏您说一声。"


def not_fixed(code: str) -> str:
    """Return the answer to 2 in time."""
    return f"知道了，{code} 没改好，重新办，有结果告诉您。方便的话再拍张照片发来。"


def not_fixed_already(code: str) -> str:
    """Return the answer to 2 about what is being done again."""
    return f"知道了，{code} 已经在重新办了，有结果告诉您。"


def not_fixed_too_late(code: str, new_code: str) -> str:
    """Return the answer to 2 after the time for opening it again."""
    return f"知道了。{code} 结了有些日子，另记一条 {new_code}，接着办。方便的话再拍张照片发来。"


def unknown(code: str) -> str:
    """Return the answer to 3."""
    return f"没事，{code} 先这样。哪天看见还没改好，说一声“{code} 没改”。"


def answer_heard(code: str, pieces: Pieces) -> str:
    """Return what the report has now that the question was answered."""
    return f"好，加进 {code} 了，现在有：{read_back(pieces)}。接着办，有结果告诉您。"


def by_receipt(code: str, state: str) -> str:
    """Return where a report stands that was asked for with its word."""
    return f"{quote(code, 16)}：{state}。"
