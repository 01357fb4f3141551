"""The tables of the configuration: every key with its type, default, range and the sentence that explains it.

Those of what leaves the program (duty, mail, notices) are beside this.
"""

from __future__ import annotations

from datetime import date, time
from itertools import pairwise
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from bot.settings.base import FILE_TWIN, Table
from bot.settings.outgoing import DutyTable, MailTable, NotifyTable
from bot.settings.values import (
    AesKey,
    ApiUrl,
    AppId,
    AppSecret,
    ClockTime,
    DatabaseUrl,
    Host,
    HoursOfDay,
    KeyFile,
    LimitOrNone,
    OptionalDate,
    OptionalPath,
    OriginalId,
    PictureHost,
    PublicUrl,
    SecretKey,
    StoreUrl,
    Timezone,
    Token,
    WorkingHours,
    check_any,
    refuse,
)
from storage.limit import Limit

Mode = Literal["plain", "compat", "safe"]

_MEBIBYTE = 1024 * 1024


def _choose_mode(before: dict[str, Any]) -> Mode:
    key: SecretStr | None = before.get("encoding_aes_key")
    return "safe" if key is not None and key.get_secret_value() else "plain"


class WechatTable(Table, frozen=True):
    """The account on the platform, copied from its pages."""

    token: Token = Field(description="令牌(Token),3 到 32 个英文字母或数字,和公众号后台“消息与事件推送”里填的一样。")
    token_file: OptionalPath = Field(default=None, description=FILE_TWIN.format("token"))
    app_id: AppId = Field(description="公众号的 AppID,以 wx 开头,在公众号后台抄。")
    app_secret: AppSecret = Field(description="公众号的 AppSecret,32 个字符,在公众号后台重置后抄来,别处不要留。")
    app_secret_file: OptionalPath = Field(default=None, description=FILE_TWIN.format("app_secret"))
    encoding_aes_key: AesKey = Field(
        default=SecretStr(""),
        description="消息加解密密钥(EncodingAESKey),43 个英文字母或数字;安全模式和兼容模式要填,明文模式可以留空。",
    )
    encoding_aes_key_file: OptionalPath = Field(default=None, description=FILE_TWIN.format("encoding_aes_key"))
    mode: Mode = Field(
        default_factory=_choose_mode,
        description="加密方式:plain 明文、compat 兼容、safe 安全;不写时,填了 encoding_aes_key 是 safe,没填是 plain。",
    )
    original_id: OriginalId = Field(description="公众号的原始 ID,以 gh_ 开头,在公众号后台“账号详情”里抄。")
    api_base_url: ApiUrl = Field(
        default="https://api.weixin.qq.com", description="微信接口的网址,一般不用改,测试时才指向别处。"
    )
    max_clock_skew_seconds: int = Field(
        default=300,
        ge=30,
        le=3600,
        description="微信消息上的时间和本机时间最多差多少秒,超过就不收,30 到 3600。",
    )

    @field_validator("mode", mode="after")
    @classmethod
    def _check_mode(cls, value: Mode, context: ValidationInfo) -> Mode:
        key: SecretStr | None = context.data.get("encoding_aes_key")
        if value != "plain" and key is not None and not key.get_secret_value():
            raise refuse("用安全模式或兼容模式,要先填 encoding_aes_key")
        return value


class WebTable(Table, frozen=True):
    """Where the program listens, and how the outside reaches it."""

    host: Host = Field(default="127.0.0.1", description="在哪个地址上监听;前面有 nginx 之类的转发时用 127.0.0.1。")
    port: int = Field(default=8000, ge=1, le=65535, description="监听的端口,1 到 65535。")
    workers: int = Field(default=2, ge=1, le=64, description="网页进程的个数,一般等于处理器核数,1 到 64。")
    threads: int = Field(default=16, ge=1, le=128, description="每个网页进程的线程数,1 到 128。")
    public_url: PublicUrl = Field(
        default="",
        description="外面打开后台用的网址,如 https://example.com,写进通知和摘要的链接里;留空就不带链接。",
    )
    secret_key: SecretKey = Field(description="给登录状态签名的密钥,至少 32 个随机字符;换掉以后大家要重新登录。")
    secret_key_file: OptionalPath = Field(default=None, description=FILE_TWIN.format("secret_key"))
    proxy_hops: int = Field(
        default=0, ge=0, le=5, description="前面有几层转发(nginx 算一层),0 到 5;写多了,别人能冒充来访地址。"
    )


class DatabaseTable(Table, frozen=True):
    """Where the rows are."""

    url: DatabaseUrl = Field(
        default="sqlite:///data/suishoupai.sqlite3",
        repr=False,  # a PostgreSQL address may hold a password
        description="数据库:sqlite:///文件(三条斜线后是相对路径,从本文件所在的文件夹算起)或 postgresql+psycopg://账号@主机/库名。",
    )


class MediaTable(Table, frozen=True):
    """Where photos and voices are kept, and how big they may be."""

    store_url: StoreUrl = Field(
        default="file:data/media",
        description="照片和语音放在哪里:file:相对路径(从本文件所在的文件夹算起)、file:///绝对路径 或 s3://存储桶/前缀。",
    )
    max_bytes: int = Field(
        default=20 * _MEBIBYTE,
        ge=_MEBIBYTE,
        le=200 * _MEBIBYTE,
        description="一个附件最多多少字节,1 MiB 到 200 MiB。",
    )
    max_pixels: int = Field(
        default=50_000_000,
        ge=1_000_000,
        le=200_000_000,
        description="一张照片最多多少像素(宽乘高),100 万到 2 亿。",
    )
    picture_hosts: Annotated[tuple[PictureHost, ...], AfterValidator(check_any)] = Field(
        default=("mmbiz.qpic.cn", "mmbiz.qlogo.cn", "mmsns.qpic.cn"),
        description="只从这些主机下载微信给的图片,只写主机名。",
    )


class VaultTable(Table, frozen=True):
    """What seals identities."""

    key_file: KeyFile = Field(
        description="封存身份用的密钥文件,里面是 64 位十六进制数字;由 suishoupai init 生成,请另外备份一份,丢了打不开。"
    )


class IntakeTable(Table, frozen=True):
    """How the pieces of one report come together."""

    gather_minutes: int = Field(
        default=10, ge=1, le=60, description="同一个人几分钟以内接着发的内容算同一条隐患,单位分钟,1 到 60。"
    )


class ScheduleTable(Table, frozen=True):
    """When the office works, and when the digest goes out."""

    timezone: Timezone = Field(default=ZoneInfo("Asia/Shanghai"), description="时区的名字,北京时间是 Asia/Shanghai。")
    working_hours: Annotated[tuple[HoursOfDay, ...], AfterValidator(check_any)] = Field(
        default=(WorkingHours(time(8, 30), time(11, 30)), WorkingHours(time(14, 30), time(17, 30))),
        max_length=4,
        description="工作日的上班时段,先后排好;除了险情,提醒只在这些时段里发。",
    )
    digest_weekday: int = Field(
        default=1, ge=1, le=7, description="每周哪一天发摘要,1 是周一,7 是周日;碰上放假顺延到上班第一天。"
    )
    digest_time: ClockTime = Field(default=time(8, 30), description="摘要几点发,二十四小时制。")

    @field_validator("working_hours", mode="after")
    @classmethod
    def _check_working_hours(cls, value: tuple[WorkingHours, ...]) -> tuple[WorkingHours, ...]:
        if any(later.start < earlier.end for earlier, later in pairwise(value)):
            raise refuse("时段要按先后排好,不能重叠")
        return value


class StepLimits(Table, frozen=True):
    """How long each step may take at one level; None means that no time is set."""

    accept: LimitOrNone = Field(default=None, description="受理的时限,从收到算起。")
    verify: LimitOrNone = Field(default=None, description="现场核查的时限,从受理算起。")
    assign: LimitOrNone = Field(default=None, description="交办的时限,从核实算起。")
    rectify: LimitOrNone = Field(default=None, description="整改的时限,从交办算起,交办时可以另定。")
    recheck: LimitOrNone = Field(default=None, description="复查的时限,从报整改完成算起。")
    tell: LimitOrNone = Field(default=None, description="回告上报人的时限,从办完一步算起。")


# Proposed in domain.md 1.4; P1 has no time for rectification because its own plan sets one.
_LEVEL_LIMITS = {
    "p0": StepLimits(accept=Limit(0, "minutes"), verify=Limit(0, "minutes"), tell=Limit(24, "hours")),
    "p1": StepLimits(
        accept=Limit(2, "hours"),
        verify=Limit(24, "hours"),
        assign=Limit(24, "hours"),
        recheck=Limit(3, "working_days"),
        tell=Limit(24, "hours"),
    ),
    "p2": StepLimits(
        accept=Limit(1, "working_days"),
        verify=Limit(3, "working_days"),
        assign=Limit(1, "working_days"),
        rectify=Limit(7, "days"),
        recheck=Limit(5, "working_days"),
        tell=Limit(10, "days"),
    ),
    "p3": StepLimits(
        accept=Limit(2, "working_days"),
        verify=Limit(5, "working_days"),
        assign=Limit(1, "working_days"),
        rectify=Limit(15, "days"),
        tell=Limit(10, "days"),
    ),
}


class DeadlinesTable(Table, frozen=True):
    """How long a report may take: the whole of it, and each step by level."""

    rectify_choices_days: Annotated[tuple[int, ...], AfterValidator(check_any)] = Field(
        default=(3, 7, 15),
        max_length=6,
        description="交办时可以点选的整改天数,从小到大,最多 6 个。",
    )
    yellow_days: int = Field(default=45, ge=1, le=365, description="收到后第几天还没办完,标黄。")
    red_days: int = Field(default=55, ge=1, le=365, description="收到后第几天还没办完,标红,要大于 yellow_days。")
    close_days: int = Field(default=60, ge=1, le=365, description="收到后最多几天办结,要大于 red_days。")
    extension_days: int = Field(default=30, ge=0, le=365, description="批准延期时,最多再延几天。")
    p0: StepLimits = Field(default=_LEVEL_LIMITS["p0"], description="P0 正在发生的险情,各步的时限。")
    p1: StepLimits = Field(default=_LEVEL_LIMITS["p1"], description="P1 疑似重大,各步的时限。")
    p2: StepLimits = Field(default=_LEVEL_LIMITS["p2"], description="P2 一般隐患,各步的时限。")
    p3: StepLimits = Field(default=_LEVEL_LIMITS["p3"], description="P3 轻微或便民,各步的时限。")

    @field_validator(*_LEVEL_LIMITS, mode="before")
    @classmethod
    def _fill_level(cls, value: Any, context: ValidationInfo) -> Any:
        """Return a level's table with the steps it leaves out at that level's own defaults."""
        if isinstance(value, dict) and context.field_name is not None:
            return {**dict(_LEVEL_LIMITS[context.field_name]), **value}
        return value

    @field_validator("rectify_choices_days", mode="after")
    @classmethod
    def _check_choices(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if value[0] < 1 or value[-1] > 365 or any(after <= before for before, after in pairwise(value)):
            raise refuse("要从小到大,每个在 1 到 365 之间")
        return value

    @field_validator("red_days", mode="after")
    @classmethod
    def _check_red_days(cls, value: int, context: ValidationInfo) -> int:
        if value <= context.data.get("yellow_days", 0):
            raise refuse("要大于 yellow_days")
        return value

    @field_validator("close_days", mode="after")
    @classmethod
    def _check_close_days(cls, value: int, context: ValidationInfo) -> int:
        if value <= context.data.get("red_days", 0):
            raise refuse("要大于 red_days")
        return value


class CampaignTable(Table, frozen=True):
    """The campaign whose obligations are counted."""

    name: str = Field(
        default="安全生产“大宣传、大培训、大警示”活动",
        min_length=1,
        max_length=60,
        description="活动的名字,写在台账和摘要上,最多 60 个字。",
    )
    start: OptionalDate = Field(default=None, description="活动从哪天开始,如 2026-01-31;留空就不限。")
    end: OptionalDate = Field(default=None, description="活动到哪天为止(含当天);留空就不限。")
    quarter_start_month: int = Field(
        default=1, ge=1, le=12, description="第一季度从几月算起,1 到 12;自然季写 1,从二月起算写 2。"
    )

    @field_validator("end", mode="after")
    @classmethod
    def _check_end(cls, value: date | None, context: ValidationInfo) -> date | None:
        start: date | None = context.data.get("start")
        if value is not None and start is not None and value < start:
            raise refuse("结束的日子早于开始的日子")
        return value


class RetentionTable(Table, frozen=True):
    """How many days things are kept; the defaults are the ones proposed in domain.md 7.2."""

    messages_days: int = Field(
        default=180, ge=1, le=3650, description="原始消息、原图和原声在销号以后留多少天,到期删除。"
    )
    identities_days: int = Field(default=365, ge=1, le=3650, description="上报人的身份在销号以后留多少天,到期抹掉。")
    small_talk_days: int = Field(default=30, ge=1, le=3650, description="和隐患无关的消息留多少天。")
    check_ins_days: int = Field(default=1095, ge=365, le=36500, description="一般的培训签到留多少天,三年是 1095。")
    mine_check_ins_days: int = Field(
        default=2190, ge=365, le=36500, description="煤矿和特种作业的培训签到留多少天,六年是 2190。"
    )
    audit_days: int = Field(
        default=1095,
        ge=184,
        le=36500,
        description="操作日志和查看身份的日志留多少天,法律要求不少于六个月(184 天)。",
    )


class AdminTable(Table, frozen=True):
    """How careful the staff's page is with log-ins."""

    idle_minutes: int = Field(default=30, ge=5, le=720, description="后台多少分钟不动就要重新登录,5 到 720。")
    max_failures: int = Field(default=5, ge=3, le=20, description="连着输错几次密码就先锁住,3 到 20。")
    lock_minutes: int = Field(default=15, ge=1, le=1440, description="锁住多少分钟,1 到 1440。")


class LoggingTable(Table, frozen=True):
    """How much the program writes about itself."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="日志写多细:debug、info、warning、error,从细到粗。"
    )


class Settings(Table, frozen=True):
    """The whole configuration, frozen; paths in it are absolute."""

    wechat: WechatTable = Field(description="公众号。")
    web: WebTable = Field(description="网页服务。")
    database: DatabaseTable = Field(description="数据库。")
    media: MediaTable = Field(description="照片和语音。")
    vault: VaultTable = Field(description="身份封存。")
    intake: IntakeTable = Field(description="收报。")
    duty: DutyTable = Field(description="值班。")
    mail: MailTable = Field(description="邮件。")
    notify: NotifyTable = Field(description="通知。")
    schedule: ScheduleTable = Field(description="时间安排。")
    deadlines: DeadlinesTable = Field(description="时限,镇安委办定了再改。")
    campaign: CampaignTable = Field(description="活动。")
    retention: RetentionTable = Field(description="保存多久,单位都是天。")
    admin: AdminTable = Field(description="后台登录。")
    logging: LoggingTable = Field(description="日志。")

    @field_validator("mail", mode="after")
    @classmethod
    def _check_mail(cls, value: MailTable, context: ValidationInfo) -> MailTable:
        duty: DutyTable | None = context.data.get("duty")
        channels = () if duty is None else (*duty.channels, *duty.confidential_to)
        if not value.host and any(channel.kind == "mail" for channel in channels):
            raise refuse("[duty] 里写了邮箱,还没有填 mail.host", "填上发邮件的服务器,或者换一种渠道。")
        return value
