"""Writes the first configuration: fresh secrets, a fresh key file, and words for what only the operator knows."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

CONFIG_NAME = "config.toml"
KEY_NAME = "vault.key"

_KEY_DIGITS = 64
_AES_KEY_LENGTH = 43
# The 43 characters are base64 of 32 bytes, so the last one must end in two zero bits; strict decoders look.
_AES_KEY_END = "0"

_FIRST_CONFIG = """\
# 随手拍的配置。全部的键、默认值和说明见 config.example.toml,不写的键用默认值。
# 改完运行 suishoupai check-config,它会一次说出所有要改的地方。
# 这个文件里有密钥,不要发给别人。

[wechat]
# 下面三项只有您知道,请从公众号后台抄来,换掉“请填写……”。
# app_id 以 wx 开头,original_id(原始 ID)以 gh_ 开头,app_secret 重置以后只显示一次。
app_id = "请填写AppID"
app_secret = "请填写AppSecret"
original_id = "请填写原始ID"

# 下面两项已经随机生成。请原样抄到公众号后台的“消息与事件推送”里:
# token 抄到“令牌”,encoding_aes_key 抄到“消息加解密密钥”,加密方式选“安全模式”,数据格式选 XML。
token = "{token}"
encoding_aes_key = "{encoding_aes_key}"

[web]
# 给后台登录状态签名用,已经随机生成,不用改。
secret_key = "{secret_key}"

[vault]
# 封存身份用的密钥文件,已经生成在旁边。请另外备份一份:丢了它,封存的内容谁也打不开。
key_file = "{key_file}"
"""


def write_first_config(folder: Path, random_token: Callable[[int], str]) -> Path:
    """Write config.toml and vault.key into `folder`, readable by the owner only, and return the former's path.

    `random_token(n)` gives n random hex digits. Nothing that exists is overwritten: raises FileExistsError when
    either file is there, and then writes neither.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config, key_file = folder / CONFIG_NAME, folder / KEY_NAME
    key = _draw(random_token, _KEY_DIGITS)
    text = _FIRST_CONFIG.format(
        token=_draw(random_token, 32),
        encoding_aes_key=_draw(random_token, _AES_KEY_LENGTH - 1) + _AES_KEY_END,
        secret_key=_draw(random_token, 64),
        key_file=KEY_NAME,
    )
    _write_new(key_file, f"{key}\n")
    try:
        _write_new(config, text)
    except BaseException:
        key_file.unlink()  # made a moment ago and sealed nothing yet; left behind it would stop the next try
        raise
    return config


def _draw(random_token: Callable[[int], str], digits: int) -> str:
    text = random_token(digits)
    if len(text) != digits or re.fullmatch(r"[0-9a-fA-F]+", text) is None:
        raise ValueError(f"the source of randomness did not give {digits} hex digits")
    return text


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # a key lost in a power cut would take what it sealed with it
    except BaseException:
        path.unlink()
        raise
