"""What the bot does with each message: the handlers, and the order in which they are asked."""

from __future__ import annotations

from typing import Any

from handlers import commands, fallback, hazards, subscriptions
from handlers.services import Services


def register_handlers(robot: Any, services: Services) -> None:
    """Attach every handler to a robot; the first answer wins, so the order is a contract.

    Subscriptions come first, since an unsubscribe must erase whatever else is configured. Pieces of a report come
    before commands: an emergency is one, and nothing may be asked before it. What nobody wanted falls to people.
    """
    subscriptions.register(robot, services)
    hazards.register(robot, services)
    commands.register(robot, services)
    fallback.register(robot, services)
