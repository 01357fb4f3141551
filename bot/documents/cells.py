"""What may stand in a cell, whatever writes it: texts without control characters, and none that acts as a formula."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Format: TypeAlias = Literal["jsonl", "csv", "xlsx"]

# OWASP, "CSV Injection": a cell that begins with one of these may be run as a formula; an apostrophe before it makes
# it text. The full-width forms count as the plain ones where the program's language is Chinese or Japanese.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def neutralise_cell(text: str) -> str:
    """Return a text for a CSV cell with an apostrophe before what a spreadsheet might take for a formula."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def clean_text(text: str) -> str:
    """Return a text without the characters that no XML file can hold."""
    return _NOT_IN_XML.sub("", text)
