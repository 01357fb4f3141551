"""The command line: what an operator can ask of the program."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, NoReturn

import click

from bot.settings import Settings, SettingsError, load_settings, write_first_config
from bot.settings.first_config import CONFIG_NAME, KEY_NAME

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from structlog.typing import FilteringBoundLogger

    from bot.wiring import Program
    from storage.database import Database

CONFIG_VARIABLE = "SUISHOUPAI_CONFIG"
ADMIN = "admin"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", "config", type=click.Path(path_type=Path), help="配置文件，默认看环境变量 SUISHOUPAI_CONFIG。"
)
@click.pass_context
def main(context: click.Context, config: Path | None) -> None:
    """随手拍：群众发照片报隐患，镇里一件一件办完。"""
    named = os.environ.get(CONFIG_VARIABLE)
    context.obj = config or (Path(named) if named else None)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="在哪个地址上监听。")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="端口,0 是随便挑一个。")
@click.option("--dir", "folder", type=click.Path(path_type=Path), default=Path("demo-data"), show_default=True,
              help="演示的数据放哪儿。")  # fmt: skip
@click.option("--no-seed", is_flag=True, help="不放一周的样例消息。")
def demo(host: str, port: int, folder: Path, no_seed: bool) -> None:
    """一条命令看演示：手机聊天、后台、任务，都在本机。"""
    from bot.demo import run_demo  # noqa: PLC0415  # the commands load what they need, so that help is quick

    sys.exit(run_demo(host, port, folder, has_seed=not no_seed))


@main.group(invoke_without_command=True)
@click.pass_context
def serve(context: click.Context) -> None:
    """正式运行：网页进程和任务进程，死了会拉起来，停的时候把手头的做完。"""
    if context.invoked_subcommand is None:
        from bot.logs import log_stray_errors, set_up_logs  # noqa: PLC0415
        from bot.metrics_folder import share_metrics  # noqa: PLC0415
        from bot.supervisor import Supervisor, build_commands  # noqa: PLC0415

        config, settings = _config(context), _load(context)
        log = set_up_logs(settings.logging.level)
        log_stray_errors(log)
        _check_schema_or_go_on(settings, log)
        with share_metrics(os.environ):
            sys.exit(Supervisor(build_commands(config), log).run())


@serve.command("web")
@click.option("--demo", "is_demo", is_flag=True, hidden=True)
@click.option("--supervised", is_flag=True, hidden=True)
@click.pass_context
def serve_web(context: click.Context, is_demo: bool, supervised: bool) -> None:
    """只运行网页进程。"""
    from bot.logs import log_stray_errors, set_up_logs  # noqa: PLC0415
    from bot.metrics_folder import share_metrics  # noqa: PLC0415

    config, settings = _config(context), _load(context)
    log = set_up_logs(settings.logging.level)
    log_stray_errors(log)
    if supervised:
        _follow_supervisor()
    else:
        _check_schema_or_go_on(settings, log)
    with nullcontext() if supervised else share_metrics(os.environ):
        from bot.server import serve_web as run  # noqa: PLC0415  # after the folder of the metrics is known

        run(settings, config, is_demo=is_demo)


@serve.command("jobs")
@click.option("--supervised", is_flag=True, hidden=True)
@click.pass_context
def serve_jobs(context: click.Context, supervised: bool) -> None:
    """只运行任务进程。"""
    from bot.jobs.process import JobsProcess  # noqa: PLC0415
    from bot.logs import log_stray_errors  # noqa: PLC0415

    program = _build(context)
    log_stray_errors(program.log)
    if supervised:
        _follow_supervisor()
    else:
        _check_schema_or_go_on(program.settings, program.log)
    JobsProcess(program).run()


@main.command()
@click.option("--dir", "folder", type=click.Path(path_type=Path), default=Path(), help="配置和数据放哪儿。")
@click.pass_context
def init(context: click.Context, folder: Path) -> None:
    """第一次安装：写好配置和密钥，建好数据库，开一个管理员。"""
    from werkzeug.security import generate_password_hash  # noqa: PLC0415

    from bot.wiring import random_hex, read_clock  # noqa: PLC0415
    from storage import staff  # noqa: PLC0415
    from storage.migrate import migrate_to_head  # noqa: PLC0415

    config: Path | None = context.obj
    if config is not None and config.name != CONFIG_NAME:
        _fail(f"init 写的文件名是 {CONFIG_NAME}，请换成这个名字，或者用 --dir 指定文件夹。")
    folder = (config.parent if config else folder).absolute()
    for name in (CONFIG_NAME, KEY_NAME):
        if (folder / name).exists():
            _fail(f"{folder / name} 已经有了，没有动它。")
    # The database first: an address that does not answer must not leave half a set-up behind.
    database = _open_first_database(folder)
    password = secrets.token_urlsafe(9)
    with _plain_errors(database):
        migrate_to_head(database)
        path = write_first_config(folder, random_hex)
        with database.write() as db:
            is_new = staff.find_staff(db, ADMIN) is None
            if is_new:
                staff.add_staff(
                    db,
                    username=ADMIN,
                    display_name="管理员",
                    role=staff.Role.ADMIN,
                    password_hash=generate_password_hash(password),
                    now=read_clock(),
                    must_change_password=True,
                )
    database.close()
    click.echo(f"写好了 {path}")
    if is_new:
        click.echo(f"管理员 {ADMIN}，一次性密码 {password}（登录后要改）")
    else:
        click.echo(f"这个数据库里已经有管理员 {ADMIN}，密码没有动。")
    click.echo("接下来：把配置里 [wechat] 的几项填上，运行 suishoupai check-config。")


@main.command()
@click.pass_context
def migrate(context: click.Context) -> None:
    """把数据库升到这一版程序要的样子。"""
    from storage.migrate import migrate_to_head  # noqa: PLC0415

    program = _build(context)
    with _plain_errors(program.database):
        migrate_to_head(program.database)
    click.echo("数据库已经是最新的。")


@main.command("check-config")
@click.pass_context
def check_config(context: click.Context) -> None:
    """检查配置，有几处不对一次说完。"""
    _load(context)
    click.echo("配置没有问题。")


@main.command()
@click.pass_context
def classify(context: click.Context) -> None:
    """一行一句话进，一行一个 JSON 出：意图、类别、等级和理由。"""
    from handlers.classify import Classifier, load_lexicon  # noqa: PLC0415

    classifier = Classifier(load_lexicon(), _list_unit_aliases(context))
    for line in sys.stdin.buffer:  # bytes: only a line feed ends a line
        heard = classifier.understand(line.decode("utf-8", "replace").rstrip("\r\n"))
        suspect = heard.major_suspect
        found = {
            "text": heard.text,
            "intent": heard.intent.value,
            "category": heard.category.value,
            "level": heard.level.value,
            "emergency": heard.emergency is not None,
            "major_suspect": f"{suspect.standard}({suspect.version})" if suspect else None,
            "unit": heard.unit,
            "why": list(heard.why),
        }
        click.echo(json.dumps(found, ensure_ascii=False))


@main.command()
@click.argument("subject", type=click.Choice(["reports", "messages", "ledger"]))
@click.option("--format", "format_", type=click.Choice(["jsonl", "csv", "xlsx"]), default="jsonl", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="写到哪个文件，默认写到屏幕。")
@click.pass_context
def export(context: click.Context, subject: str, format_: Literal["jsonl", "csv", "xlsx"], out: Path | None) -> None:
    """导出上报、消息或者隐患排查治理台账，里面没有任何人的身份。"""
    from bot.documents.ledger import write_ledger  # noqa: PLC0415
    from bot.documents.tabular import MESSAGE_COLUMNS, REPORT_COLUMNS, write_rows  # noqa: PLC0415
    from storage.message_export import iter_messages  # noqa: PLC0415
    from storage.reports.export import iter_reports  # noqa: PLC0415
    from storage.reports.ledger import LedgerFilter  # noqa: PLC0415

    if format_ == "xlsx" and out is None and sys.stdout.isatty():
        _fail("表格文件要用 --out 写到文件里。")
    program = _open(context)
    database = program.database

    def write(db: Connection, stream: BinaryIO) -> None:
        if subject == "ledger":
            write_ledger(db, LedgerFilter(), format_, stream, now=program.now())
        elif subject == "reports":
            write_rows(iter_reports(db), REPORT_COLUMNS, format_, stream)
        else:
            write_rows(iter_messages(db), MESSAGE_COLUMNS, format_, stream)

    with _plain_errors(database), database.read() as db:
        if out is None:
            write(db, sys.stdout.buffer)
            return
        unfinished = out.with_name(out.name + ".part")
        try:
            with unfinished.open("wb") as stream:
                write(db, stream)
            unfinished.replace(out)
        finally:
            unfinished.unlink(missing_ok=True)


@main.command("import")
@click.argument("subject", type=click.Choice(["units", "staff", "people"]))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--apply", "is_applied", is_flag=True, help="真的写进去；不加就只试一遍。")
@click.pass_context
def import_(context: click.Context, subject: Literal["units", "staff", "people"], file: Path, is_applied: bool) -> None:
    """从 xlsx 或 csv 导入单位、人员的名册，有一行不对就整个不导。

    \b
    单位表的列：单位名称（要有）、类型、别名、纬度、经度、人数、高风险
    人员表的列：姓名（要有）、登录名、角色、单位、邮箱

    标题写成常见的别的说法也认，比如 村名、企业名称、俗名、职工人数、联系人、所属单位。一格里几个名字用顿号隔开。
    空着的格子不改原来的。同名的单位算同一个；人按登录名认，没写登录名就按姓名加单位认。
    """
    from bot.rosters.importing import RosterRefusedError, import_roster  # noqa: PLC0415
    from bot.rosters.sheets import SheetError  # noqa: PLC0415

    if subject == "people":
        _fail("应培训人员的名册这一版还不能导，眼下能导的是 units（单位）和 staff（人员）。")
    program = _open(context)
    with _plain_errors(program.database):
        try:
            lines = import_roster(program.database, subject, file, is_applied=is_applied, now=program.now())
        except SheetError as error:
            _fail(str(error))
        except RosterRefusedError as error:
            _fail("\n".join([*error.lines, "有不对的行，什么也没写。改好再导。"]))
    for line in lines:
        click.echo(line)


@main.command()
@click.option("--week", "typed", help="哪一周，如 2026-W47，默认上一周。")
@click.option("--unit", help="只看一个单位的，写单位的名字。")
@click.option("--send", is_flag=True, help="发给还没有收到这一周摘要的人，每人只发一次。")
@click.pass_context
def digest(context: click.Context, typed: str | None, unit: str | None, send: bool) -> None:
    """看一周的摘要，或者发出去。"""
    from bot.digests.by_hand import find_last_week, send_digests, show_digest  # noqa: PLC0415
    from bot.digests.weeks import parse_week  # noqa: PLC0415
    from storage.errors import UnknownRowError  # noqa: PLC0415

    program = _open(context)
    try:
        asked = None if typed is None else parse_week(typed)
    except ValueError:
        _fail("周要写成 2026-W47 这样。")
    with _plain_errors(program.database):
        try:
            week = asked or find_last_week(program)
            click.echo(show_digest(program, week, unit))
            if send:
                click.echo(f"放进待发的有 {send_digests(program, week, unit)} 份。", err=True)
        except UnknownRowError:
            _fail(f"没有叫“{unit}”的单位。")


@main.command("run-jobs")
@click.option("--once", is_flag=True, required=True, help="把该做的做一遍就退出。")
@click.pass_context
def run_jobs(context: click.Context, once: bool) -> None:  # noqa: ARG001  # the flag says what is done
    """把到点的任务做一遍，给定时任务和测试用。"""
    from bot.jobs.process import run_jobs_once  # noqa: PLC0415

    program = _open(context)
    with _plain_errors(program.database):
        click.echo(f"做了 {run_jobs_once(program)} 件。")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_context
def backup(context: click.Context, folder: Path) -> None:
    """备份数据库和照片，记下密钥的指纹（密钥本身要另外保管）。"""
    from bot.backup import BackupError, write_backup  # noqa: PLC0415

    program = _open(context)
    with _plain_errors(program.database):
        try:
            counts = write_backup(program.database, program.store, program.vault, folder, now=program.now())
        except BackupError as error:
            _fail(str(error))
    click.echo(f"备份好了：{counts.rows} 行，{counts.files} 个文件，在 {folder}。密钥文件请另外收好。")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.pass_context
def restore(context: click.Context, folder: Path) -> None:
    """从备份恢复到一个空的数据库，先查备份是不是完好、密钥对不对。"""
    from bot.backup import BackupError, restore_backup  # noqa: PLC0415

    program = _open(context)
    with _plain_errors(program.database):
        try:
            counts = restore_backup(program.database, program.store, program.vault, folder)
        except BackupError as error:
            _fail(str(error))
    click.echo(f"恢复好了：{counts.rows} 行，{counts.files} 个文件。")


def _config(context: click.Context) -> Path:
    if context.obj is None:
        _fail("要用 --config 指定配置文件，或者设好环境变量 SUISHOUPAI_CONFIG。")
    path: Path = context.obj
    return path.absolute()


def _load(context: click.Context) -> Settings:
    try:
        return load_settings(context.obj, os.environ)
    except SettingsError as error:
        _fail(str(error))


def _build(context: click.Context) -> Program:
    from bot.logs import set_up_logs  # noqa: PLC0415
    from bot.wiring import build_program  # noqa: PLC0415

    settings = _load(context)
    return build_program(settings, set_up_logs(settings.logging.level))


def _open(context: click.Context) -> Program:
    """Return the program on a database that answers and has the right schema, or end with a sentence."""
    program = _build(context)
    with _plain_errors(program.database):
        _check_schema(program.database)
    return program


@contextmanager
def _plain_errors(database: Database) -> Iterator[None]:
    """End with a sentence where the machine refuses something: a traceback may hold an address with a password."""
    try:
        yield
    except database.outages as error:
        _fail(f"数据库现在用不了（{type(error).__name__}），看看它有没有在运行，地址和权限对不对。")
    except OSError as error:
        _fail(f"文件读写不成：{error.filename or ''} {error.strerror or ''}")


def _check_schema(database: Database) -> None:
    from storage.errors import WrongSchemaError  # noqa: PLC0415
    from storage.migrate import check_schema  # noqa: PLC0415

    try:
        check_schema(database)
    except WrongSchemaError:
        _fail("数据库不是这一版程序要的样子，先运行 suishoupai migrate。")


def _check_schema_or_go_on(settings: Settings, log: FilteringBoundLogger) -> None:
    from storage.database import Database  # noqa: PLC0415

    database = Database(settings.database.url)
    try:
        _check_schema(database)
    except database.outages as error:  # it may come back before this program would be started again
        log.error("database_away", error=type(error).__name__)
    finally:
        database.close()


def _open_first_database(folder: Path) -> Database:
    """Return the database that the configuration to be written will name: it cannot be loaded, it has gaps."""
    from pydantic import ValidationError  # noqa: PLC0415

    from bot.settings.tables import DatabaseTable  # noqa: PLC0415
    from storage.database import Database  # noqa: PLC0415

    named = os.environ.get("SUISHOUPAI_DATABASE__URL")
    try:
        table = DatabaseTable.model_validate({"url": named} if named else {}, context={"folder": folder})
    except ValidationError:
        _fail("环境变量 SUISHOUPAI_DATABASE__URL 的写法不对。")
    try:
        if not named:
            (folder / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
        return Database(table.url)
    except OSError as error:
        _fail(f"文件夹建不了：{error.filename} {error.strerror}")


def _list_unit_aliases(context: click.Context) -> dict[str, str]:
    if context.obj is None:
        return {}
    from bot.known_units import list_aliases  # noqa: PLC0415
    from storage.errors import WrongSchemaError  # noqa: PLC0415
    from storage.migrate import check_schema  # noqa: PLC0415
    from storage.units import list_unit_names  # noqa: PLC0415

    database = _build(context).database
    away: tuple[type[Exception], ...] = (WrongSchemaError, *database.outages)
    try:
        check_schema(database)
        with database.read() as db:
            return dict(list_aliases(list_unit_names(db)))
    except away:
        click.echo("数据库现在用不了，单位的名字认不出来，别的照常。", err=True)
        return {}


def _follow_supervisor() -> None:
    from bot.supervisor import stop_with_supervisor  # noqa: PLC0415

    stop_with_supervisor()


def _fail(words: str) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(1)
