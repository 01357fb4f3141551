"""The folder through which processes share their counters; to be named before prometheus_client is imported."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client looks at it once, when it is imported


@contextmanager
def share_metrics(environ: MutableMapping[str, str]) -> Iterator[Path]:
    """Name an empty folder for the counters of this process and of those it starts; yields it.

    A folder that the operator has named is emptied of earlier counters and stays; one of our own is removed at the
    end. Files of workers that died in between stay until then, since what they counted still counts.
    """
    named = environ.get(VARIABLE, "")
    folder = Path(named) if named else Path(tempfile.mkdtemp(prefix="suishoupai-metrics-"))
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("*.db"):
        left.unlink(missing_ok=True)
    environ[VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        if not named:
            shutil.rmtree(folder, ignore_errors=True)
