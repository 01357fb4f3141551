"""The answers that planned faults give instead of the proper ones."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

from flask import Response, request

from bot.simulator.faults import Fault
from bot.simulator.platform import Platform

_CHUNK = b"\xff\xd8\xff" + b"\x00" * 65_533


def build_json(answer: dict[str, Any], content_type: str = "application/json; charset=UTF-8") -> Response:
    """Return an answer as the platform writes it: UTF-8 without escapes."""
    return Response(json.dumps(answer, ensure_ascii=False), content_type=content_type)


def answer_fault(platform: Platform, fault: Fault) -> Response | None:
    """Return the planned answer; None when the proper one follows after a delay."""
    if fault.kind == "delay":
        platform.faults.pause(fault.seconds)
        return None
    if fault.kind == "errcode":
        return build_json({"errcode": fault.errcode, "errmsg": fault.errmsg})
    if fault.kind == "html":
        return Response("<html><body>502 Bad Gateway</body></html>", fault.status, content_type="text/html")
    if fault.kind == "redirect":
        return Response(status=fault.status, headers={"Location": fault.url})
    if fault.kind == "drip":
        return Response(_drip(platform, fault), content_type="image/jpeg")
    if fault.kind == "oversize":
        return Response(_pour(fault.size), content_type="image/jpeg")
    if fault.kind == "cut":
        return _cut_connection()
    return Response(b"", fault.status)


def _drip(platform: Platform, fault: Fault) -> Iterator[bytes]:
    for _ in range(fault.size):
        if platform.faults.pause(fault.seconds):
            return
        yield b"\xff"


def _pour(size: int) -> Iterator[bytes]:
    left = size
    while left > 0:
        yield _CHUNK[:left]
        left -= len(_CHUNK)


def _cut_connection() -> Response:
    """Close the socket where the server hands it out; else promise more bytes than come."""
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    return Response(b"{", headers={"Content-Length": "1000", "Connection": "close"})
