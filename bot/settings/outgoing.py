"""The tables of what leaves the program: who is on duty, the server of our mail, and how notices go out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from bot.settings.base import FILE_TWIN, Table
from bot.settings.duty_channels import DutyChannel, DutyChannelText
from bot.settings.values import (
    HostOrEmpty,
    MailAddress,
    OptionalPath,
    PhoneNumber,
    TemplateFieldName,
    TemplateId,
    check_any,
    refuse,
)


class DutyPhone(Table, frozen=True):
    """One number that reporters are shown."""

    label: str = Field(min_length=1, max_length=20, description="谁的电话,最多 20 个字。")
    number: PhoneNumber = Field(description="电话号码。")


class DutyTable(Table, frozen=True):
    """Who is on duty, and how they hear of an emergency."""

    phones: tuple[DutyPhone, ...] = Field(
        default=(),
        max_length=6,
        description='告诉群众的值班电话,最多 6 个,如 [{ label = "镇安委办值班", number = "0355-0000000" }]。',
    )
    channels: tuple[DutyChannelText, ...] = Field(
        default=(),
        max_length=20,
        repr=False,
        description="险情通知另外发到哪些渠道,一项一个,最多 20 个:企业微信、钉钉、飞书群机器人的整个网址前面加 wecom+、"
        "dingtalk+、feishu+(加签密钥写成 #secret=…),或者 mail:邮箱、staff:用户名;留空就不另外发。",
    )
    confidential_to: tuple[DutyChannelText, ...] = Field(
        default=(),
        max_length=2,
        repr=False,
        description="疑似瞒报的线索只告诉谁,最多 2 人,写成 mail:邮箱 或 staff:用户名;留空就只在后台保密的一栏里看。",
    )

    @field_validator("channels", "confidential_to", mode="after")
    @classmethod
    def _check_channels(cls, value: tuple[DutyChannel, ...]) -> tuple[DutyChannel, ...]:
        if len(set(value)) < len(value):
            raise refuse("有重复的项")
        return value

    @field_validator("confidential_to", mode="after")
    @classmethod
    def _check_confidential(cls, value: tuple[DutyChannel, ...]) -> tuple[DutyChannel, ...]:
        if any(channel.is_robot for channel in value):
            raise refuse("只能写 mail:邮箱 或 staff:用户名,发到群里就不保密了")
        return value


class TemplateField(Table, frozen=True):
    """One field of a template message, and what is put into it."""

    name: TemplateFieldName = Field(description="模板里的字段名,如 thing1。")
    value: Literal["编号", "状态", "事项", "时间", "提示"] = Field(description="填什么:编号、状态、事项、时间、提示。")


_TEMPLATE_FIELDS = (
    TemplateField(name="character_string1", value="编号"),
    TemplateField(name="phrase2", value="状态"),
    TemplateField(name="thing3", value="事项"),
    TemplateField(name="time4", value="时间"),
)
_FIELDS_SENTENCE = "这个模板的字段各填什么(编号、状态、事项、时间、提示),字段名照公众号后台的模板详情抄。"


class NotifyTable(Table, frozen=True):
    """How notices leave, and how many of them."""

    progress_template: TemplateId = Field(
        default="", description="给上报人的进展通知用哪个模板消息,填模板 ID;留空就不用,等对方下次说话再发。"
    )
    progress_fields: Annotated[tuple[TemplateField, ...], AfterValidator(check_any)] = Field(
        default=_TEMPLATE_FIELDS, max_length=10, description=_FIELDS_SENTENCE
    )
    reminder_template: TemplateId = Field(
        default="", description="给联系人和工作人员的通知用哪个模板消息,填模板 ID;留空就不用,改发邮件。"
    )
    reminder_fields: Annotated[tuple[TemplateField, ...], AfterValidator(check_any)] = Field(
        default=_TEMPLATE_FIELDS, max_length=10, description=_FIELDS_SENTENCE
    )
    most_per_run: int = Field(default=200, ge=1, le=500, description="一次最多接连发出多少条,多的下一秒再发,1 到 500。")
    most_per_recipient_per_day: int = Field(
        default=10, ge=1, le=100, description="一个人一天最多收多少条,险情和疑似重大的除外,多的第二天再发,1 到 100。"
    )


class MailTable(Table, frozen=True):
    """The server that sends our mail."""

    host: HostOrEmpty = Field(default="", description="发邮件的服务器(SMTP);留空就不发邮件。")
    port: int = Field(default=465, ge=1, le=65535, description="发邮件的端口,tls 一般是 465,starttls 一般是 587。")
    user: str = Field(default="", max_length=200, description="登录邮件服务器的账号,不用登录就留空。")
    password: SecretStr = Field(default=SecretStr(""), description="登录邮件服务器的密码或授权码。")
    password_file: OptionalPath = Field(default=None, description=FILE_TWIN.format("password"))
    sender: MailAddress = Field(default="", description="发件人,如 随手拍 <name@example.com>;填了 host 就要填。")
    tls: Literal["tls", "starttls", "none"] = Field(
        default="tls", description="加密方式:tls 一连上就加密、starttls 先连后加密、none 不加密(只在本机用)。"
    )

    @field_validator("password", mode="after")
    @classmethod
    def _check_password(cls, value: SecretStr, context: ValidationInfo) -> SecretStr:
        if context.data.get("host") and context.data.get("user") and not value.get_secret_value():
            raise refuse("填了账号,还没有填密码")
        return value

    @field_validator("sender", mode="after")
    @classmethod
    def _check_sender(cls, value: str, context: ValidationInfo) -> str:
        if context.data.get("host") and not value:
            raise refuse("填了邮件服务器,还没有填发件人")
        return value
