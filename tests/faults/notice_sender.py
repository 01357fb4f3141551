"""One process that sends notices until it is killed: the job's own function, in two threads as in the table of jobs.

It runs beside another one, which the leader's lock would keep from happening, and waits seconds instead of minutes for
what a killed one had begun.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.jobs.notices import send_next_notice
from bot.logs import set_up_logs
from bot.settings import load_settings
from bot.wiring import build_program

LEASE_SECONDS = 3.0


def main(config: str) -> None:
    """Send with the configuration of an operator."""
    settings = load_settings(Path(config), {})
    program = build_program(settings, set_up_logs(settings.logging.level))
    services = replace(program.notices, lease=timedelta(seconds=LEASE_SECONDS))

    def send() -> None:
        pause = threading.Event()
        while True:
            if not send_next_notice(services):
                pause.wait(0.1)

    threads = [threading.Thread(target=send, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    print("sending", flush=True)
    for thread in threads:
        thread.join()
    sys.exit("a thread has ended")


if __name__ == "__main__":
    main(sys.argv[1])
