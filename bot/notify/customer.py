"""Customer-service messages: free words, but only within the platform's windows, and never twice on purpose."""

from __future__ import annotations

from bot.notify.words import Rendered
from bot.wechat.client import WeChatClient

MOST_BYTES = 2_000  # the platform refuses more than 2,048 with 45002
_CUT = "……"


def send_customer(client: WeChatClient, openid: str, rendered: Rendered) -> None:
    """Send the words of a notice, cut to what the platform takes; raises WeChatError."""
    client.send_text(openid, cut_to_bytes(rendered.text, MOST_BYTES))


def cut_to_bytes(text: str, most: int) -> str:
    """Return a text of at most so many UTF-8 bytes, with a mark where it was cut; no character is cut in two."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most:
        return text
    return encoded[: most - len(_CUT.encode())].decode("utf-8", "ignore") + _CUT
