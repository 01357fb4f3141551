"""What every table of the configuration is."""

from __future__ import annotations

from pydantic import BaseModel

FILE_TWIN = "从哪个文件里读 {}(和它只写一个),路径从本文件所在的文件夹算起。"


class Table(BaseModel, frozen=True, extra="forbid", str_strip_whitespace=True, validate_default=True):
    """One table of the file; a key that is not listed is refused."""
