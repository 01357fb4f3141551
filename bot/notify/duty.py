"""Who is on duty: the recipients that the configured channels are, by their position."""

from __future__ import annotations

from collections.abc import Mapping

from bot.settings.duty_channels import DutyChannel
from bot.settings.outgoing import DutyTable


def list_alarm_recipients(duty: DutyTable) -> list[str]:
    """Return the recipients of an alarm: duty:1, duty:2 and so on."""
    return [f"duty:{number}" for number in range(1, len(duty.channels) + 1)]


def list_confidential_recipients(duty: DutyTable) -> list[str]:
    """Return the one or two recipients of what must not go through the normal queue: duty:confidential-1 and -2."""
    return [f"duty:confidential-{number}" for number in range(1, len(duty.confidential_to) + 1)]


def map_duty(duty: DutyTable) -> Mapping[str, DutyChannel]:
    """Return the channel behind each of these recipients."""
    names = [*list_alarm_recipients(duty), *list_confidential_recipients(duty)]
    return dict(zip(names, (*duty.channels, *duty.confidential_to), strict=True))
