"""The next step of a conversation, decided purely: what a message does to the reporter's reports, and what is said."""

from __future__ import annotations

from handlers.conversation.hearing import next_step
from handlers.conversation.pieces import find_current, list_missing, missing_to_ask
from handlers.conversation.types import Memory, Rules, Sentence, Step

__all__ = ["Memory", "Rules", "Sentence", "Step", "find_current", "list_missing", "missing_to_ask", "next_step"]
