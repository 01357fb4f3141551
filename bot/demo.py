"""The demo: a pretend platform, sample people, a week of messages, and the whole program on this machine."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from datetime import datetime
from pathlib import Path

from flask import Flask
from structlog.typing import FilteringBoundLogger
from werkzeug.security import generate_password_hash

from bot.app import create_app
from bot.logs import set_up_logs
from bot.metrics_folder import share_metrics
from bot.server import start_worker
from bot.settings import Settings, load_settings
from bot.simulator.account import Account
from bot.simulator.endpoints import make_platform_blueprint
from bot.simulator.mailbox import Mailbox, serve_mailbox, start_mailbox
from bot.simulator.page import make_simulator_blueprint
from bot.simulator.people import SAMPLE_PEOPLE
from bot.simulator.phones import load_phones
from bot.simulator.platform import Platform
from bot.simulator.scenes import SAMPLES
from bot.simulator.server import serve_platform
from bot.simulator.week import WeekClock, play_week
from bot.supervisor import Supervisor, build_commands
from bot.wiring import build_program, read_clock
from storage import staff, units
from storage.database import Database
from storage.migrate import migrate_to_head

CONFIG_NAME, LOGIN_NAME = "config.toml", "login.json"
PHONES_FOLDER, MAIL_FOLDER = "phones", "mail"
USERNAME = "demo"


def run_demo(host: str, port: int, folder: Path, *, has_seed: bool) -> int:
    """Prepare the demo's folder when it is new, print the addresses and run until stopped; returns the exit code."""
    folder = folder.absolute()
    port = port or _find_free_port(host)
    if not _is_free(host, port):
        print(f"端口 {port} 有别的程序在用，换一个：./start --port {port + 1}", file=sys.stderr)  # noqa: T201
        return 1
    config = folder / CONFIG_NAME
    if not config.exists():
        _write_config(folder)
    base = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104  # the operator's choice
    os.environ["SUISHOUPAI_WEB__HOST"] = host
    os.environ["SUISHOUPAI_WEB__PORT"] = str(port)
    os.environ["SUISHOUPAI_WEB__PUBLIC_URL"] = base
    os.environ["SUISHOUPAI_WECHAT__API_BASE_URL"] = f"{base}/sim/platform"
    os.environ["SUISHOUPAI_MAIL__PORT"] = str(_find_free_port("127.0.0.1"))
    settings = load_settings(config, os.environ)
    log = set_up_logs("warning")
    database = Database(settings.database.url)
    migrate_to_head(database)
    login = _get_login(database, folder, read_clock())
    if has_seed and _is_empty(database):
        print("正在准备一周的样例消息 ...", flush=True)  # noqa: T201
        _seed(settings, folder, read_clock())
    database.close()
    print(  # noqa: T201
        f"\n  手机聊天  {base}/sim/\n  后台      {base}/admin/\n  登录      {login[0]}  {login[1]}\n\n"
        "  按 Ctrl-C 停止。\n",
        flush=True,
    )
    with share_metrics(os.environ):
        return Supervisor(build_commands(config, is_demo=True), log).run()


def make_demo_app() -> Flask:
    """Return the application of the demo's one web worker: the program's own, and the pretend platform under /sim."""
    return start_worker(_make_app)


def _make_app(settings: Settings, log: FilteringBoundLogger) -> Flask:
    config = Path(os.environ["SUISHOUPAI_CONFIG"])
    login = json.loads((config.parent / LOGIN_NAME).read_text(encoding="utf-8"))
    app = create_app(build_program(settings, log), demo_login=(login["username"], login["password"]))
    base = f"http://127.0.0.1:{settings.web.port}"
    platform = Platform(
        _make_account(settings), f"{base}/wechat", people=SAMPLE_PEOPLE, public_url=settings.wechat.api_base_url
    )
    load_phones(platform, config.parent / PHONES_FOLDER)
    mailbox = Mailbox(config.parent / MAIL_FOLDER)
    start_mailbox(mailbox, settings.mail.port)  # ends with this process
    app.register_blueprint(make_platform_blueprint(platform), url_prefix="/sim/platform")
    app.register_blueprint(
        make_simulator_blueprint(platform, SAMPLE_PEOPLE, SAMPLES, "/admin/", mailbox=mailbox), url_prefix="/sim"
    )
    return app


def _write_config(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "vault.key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
    (folder / CONFIG_NAME).write_text(
        f"""# 演示用的配置，公众号是假的。
[wechat]
token = "{secrets.token_hex(16)}"
app_id = "wx{secrets.token_hex(8)}"
app_secret = "{secrets.token_hex(16)}"
encoding_aes_key = "{secrets.token_hex(21)}A"
original_id = "gh_{secrets.token_hex(6)}"
mode = "safe"

[web]
secret_key = "{secrets.token_hex(32)}"
workers = 1
threads = 24

[vault]
key_file = "vault.key"

[mail]
host = "127.0.0.1"
tls = "none"
sender = "随手拍 <suishoupai@sample.invalid>"

[duty]
channels = ["mail:zhiban@sample.invalid"]

[logging]
level = "warning"
""",
        encoding="utf-8",
    )


def _make_account(settings: Settings) -> Account:
    wechat = settings.wechat
    return Account(
        token=wechat.token.get_secret_value(),
        app_id=wechat.app_id,
        app_secret=wechat.app_secret.get_secret_value(),
        encoding_aes_key=wechat.encoding_aes_key.get_secret_value(),
        mode=wechat.mode,
        original_id=wechat.original_id,
    )


def _get_login(database: Database, folder: Path, now: datetime) -> tuple[str, str]:
    path = folder / LOGIN_NAME
    if path.exists():
        login = json.loads(path.read_text(encoding="utf-8"))
        return login["username"], login["password"]
    password = secrets.token_urlsafe(6)
    with database.write() as db:
        staff.add_staff(
            db,
            username=USERNAME,
            display_name="样例审核员",
            role=staff.Role.ADMIN,
            email="anweiban@sample.invalid",
            password_hash=generate_password_hash(password),
            now=now,
        )
    path.touch(mode=0o600)
    path.write_text(json.dumps({"username": USERNAME, "password": password}), encoding="utf-8")
    return USERNAME, password


def _is_empty(database: Database) -> bool:
    with database.read() as db:
        return not units.list_units(db)


def _seed(settings: Settings, folder: Path, now: datetime) -> None:
    """Play the sample week into the empty database, on a platform and a mail server of its own."""
    clock = WeekClock(now)
    platform = Platform(_make_account(settings), "", clock=clock, people=SAMPLE_PEOPLE)
    mailbox = Mailbox(folder / MAIL_FOLDER)
    with serve_platform(platform) as api_base_url, serve_mailbox(mailbox, settings.mail.port):
        wechat = settings.wechat.model_copy(update={"api_base_url": api_base_url})
        program = build_program(settings.model_copy(update={"wechat": wechat}), set_up_logs("error"), clock)
        play_week(program, platform, clock, now, folder / PHONES_FOLDER)
        program.database.close()


def _find_free_port(host: str) -> int:
    with socket.socket() as one:
        one.bind((host, 0))
        return int(one.getsockname()[1])


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError:
            return False
    return True
