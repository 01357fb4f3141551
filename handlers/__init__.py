"""What the bot does with each message: the handlers, and the order in which they are asked."""

from __future__ import annotations

from typing import Any

from handlers import bindings, commands, fallback, followups, hazards, rectification, subscriptions
from handlers.services import Services


def register_handlers(robot: Any, services: Services) -> None:
    """Attach every handler to a robot; the first answer wins, so the order is a contract.

    Codes of staff are looked for first, since a scan that carries one is no place; they leave everything else alone.
    Subscriptions come next, since an unsubscribe must erase whatever else is configured. What liaisons say about what
    they have to mend, and what is asked for with a receipt, would else be taken for pieces of a report; emergencies
    they leave alone. Pieces of a report come before commands: an emergency is one, and nothing may be asked before it.
    What nobody wanted falls to people.
    """
    bindings.register(robot, services)
    subscriptions.register(robot, services)
    rectification.register(robot, services)
    followups.register(robot, services)
    hazards.register(robot, services)
    commands.register(robot, services)
    fallback.register(robot, services)
