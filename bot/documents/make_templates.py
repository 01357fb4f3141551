"""Makes the Word templates of the papers anew: python -m bot.documents.make_templates.

Office staff may edit the files that it wrote; this is how they began, and how they are made again.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from bot.documents.papers import DRAFT_MARK, KINDS

FOLDER = Path(__file__).parent / "templates"
FOOT = "本稿按交办的内容生成，核对、签字以后才作数。"
_BODY, _HEAD = "仿宋", "黑体"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest that an archive can say; so that the same script makes the same file
_SIGNED = "\t年　　月　　日"  # at the right edge
_WIDTHS_MM = (38, 120)
_TEXT_MM = sum(_WIDTHS_MM)  # between the margins

# The lines above the table, the rows of the table, the lines below it.
_Layout = tuple[Sequence[str], Sequence[tuple[str, str]], Sequence[str]]
LAYOUTS: dict[str, _Layout] = {
    "notice": (
        ["编号：{{ code }}\t交办日期：{{ assigned_on }}", "{{ unit }}："],
        [
            ("隐患部位", "{{ place }}"),
            ("存在的问题", "{{ problem }}"),
            ("依据", "{{ standard }}"),
            ("整改要求", "{{ requirement }}"),
            ("整改期限", "{{ due_on }}前"),
            ("整改责任人", "{{ liaison }}"),
            (
                "怎么反馈",
                "改好以后在公众号里回“整改好了”，发一张同一角度的照片，写上编号 {{ code }}；也可以书面回复。",
            ),
        ],
        ["交办单位经办人（签字）：" + _SIGNED, "签收人（签字）：" + _SIGNED],
    ),
    "review": (
        ["原通知编号：{{ code }}\t复查日期：{{ reviewed_on }}", "{{ unit }}："],
        [
            ("隐患部位", "{{ place }}"),
            ("原来的问题", "{{ problem }}"),
            ("整改要求", "{{ requirement }}"),
            ("整改期限", "{{ due_on }}"),
            ("整改情况", "{{ measures }}"),
            ("报告整改完成", "{{ rectified_on }}"),
            ("复查结论", "{{ verdict }}"),
            ("复查意见", "　\n　"),
        ],
        [
            "复查人（两人签字）：" + _SIGNED,
            "被复查单位负责人（签字）：" + _SIGNED,
        ],
    ),
    "inspection": (
        ["编号：{{ code }}"],
        [
            ("被检查单位", "{{ unit }}"),
            ("地址（部位）", "{{ place }}"),
            ("负责人、电话", "　"),
            ("检查时间", "　　　　年　　月　　日　　时"),
            ("检查内容和问题", "1．{{ problem }}"),
            ("依据", "{{ standard }}"),
            ("整改要求", "{{ requirement }}"),
            ("整改期限", "{{ due_on }}前"),
            ("其他问题", "　\n　"),
        ],
        [
            "检查人（两人签字）：" + _SIGNED,
            "陪同人（签字）：" + _SIGNED,
        ],
    ),
}


def main() -> None:
    """Write every template into its place."""
    FOLDER.mkdir(exist_ok=True)
    for kind in KINDS:
        (FOLDER / f"{kind}.docx").write_bytes(make_template(kind))


def make_template(kind: str) -> bytes:
    """Return the template of one kind of paper; the same bytes every time."""
    above, rows, below = LAYOUTS[kind]
    document = Document()
    _set_up_page(document)
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.paragraph_format.space_after = Pt(14)
    _write(title, KINDS[kind].title, size=22, font=_HEAD)
    for line in above:
        _add_line(document, line)
    table = document.add_table(rows=0, cols=2, style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for column, width in zip(table.columns, _WIDTHS_MM, strict=True):
        column.width = Mm(width)
    for label, value in rows:
        cells = table.add_row().cells
        for cell, width, text, font in (
            (cells[0], _WIDTHS_MM[0], label, _HEAD),
            (cells[1], _WIDTHS_MM[1], value, _BODY),
        ):
            cell.width = Mm(width)
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(5)
            _write(paragraph, text, size=14, font=font)
    for line in below:
        _add_line(document, line, size=14).paragraph_format.space_before = Pt(20)
    return _save(document)


def _set_up_page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(30), Mm(25)
    section.left_margin = section.right_margin = Mm(26)
    style = document.styles["Normal"]
    style.font.name, style.font.size = _BODY, Pt(15)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), _BODY)
    mark = section.header.paragraphs[0]
    mark.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _write(mark, DRAFT_MARK, size=16, font=_HEAD, grey=True)
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _write(foot, f"{FOOT}第 ", size=10)
    _add_page_number(foot)
    _write(foot, " 页", size=10)
    core = document.core_properties
    core.author, core.title, core.comments = "", "", ""


def _add_line(document: Any, text: str, *, size: int = 15) -> Any:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(_TEXT_MM), WD_TAB_ALIGNMENT.RIGHT)
    _write(paragraph, text, size=size)
    return paragraph


def _write(paragraph: Any, text: str, *, size: int = 15, font: str = _BODY, grey: bool = False) -> None:
    run = paragraph.add_run(text)
    run.font.size, run.font.name = Pt(size), font
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)
    if grey:
        run.font.color.rgb = RGBColor(0x59, 0x59, 0x59)


def _add_page_number(paragraph: Any) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    _write(paragraph, "1", size=10)
    field.append(paragraph.runs[-1]._element)
    paragraph._element.append(field)


def _save(document: Any) -> bytes:
    first, last = io.BytesIO(), io.BytesIO()
    document.save(first)
    with zipfile.ZipFile(first) as made, zipfile.ZipFile(last, "w", zipfile.ZIP_DEFLATED) as kept:
        for name in made.namelist():
            kept.writestr(zipfile.ZipInfo(name, _LONG_AGO), made.read(name), zipfile.ZIP_DEFLATED)
    return last.getvalue()


if __name__ == "__main__":
    main()
