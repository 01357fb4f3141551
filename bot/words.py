"""The Chinese word that staff read for every code that the database keeps; the one place for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

STATES: Mapping[str, str] = {
    "gathering": "正在收",
    "received": "待受理",
    "accepted": "已受理",
    "declined": "不予受理",
    "merged": "已合并",
    "transferred": "已移交",
    "verified": "已核实",
    "unfounded": "不属实",
    "assigned": "已交办",
    "rectified": "待复查",
    "closed": "已销号",
    "reopened": "又出现了",
    "withdrawn": "上报人撤回",
}

CATEGORIES: Mapping[str, str] = {
    "MINE": "煤矿与矿山",
    "CONF": "有限空间",
    "HOTW": "动火作业",
    "ELEC": "用电",
    "GAS": "燃气",
    "HEAT": "取暖与煤气中毒",
    "EBIK": "电动车停放充电",
    "FIRE": "消防与疏散",
    "WILD": "野外用火",
    "CONS": "施工与高处",
    "MACH": "机械与特种设备",
    "CHEM": "危化、烟花、加油",
    "AGRI": "农机",
    "ROAD": "道路交通",
    "WATR": "防溺水",
    "GEOL": "地质灾害与塌陷",
    "FLOD": "洪涝与天气",
    "MGMT": "管理与违章",
    "UNK": "还没分类",
}

LEVELS: Mapping[str, str] = {"P0": "险情", "P1": "疑似重大", "P2": "一般", "P3": "轻微"}

LEVEL_MEANINGS: Mapping[str, str] = {
    "P0": "正在发生，先救人",
    "P1": "可能是重大隐患，要人核定",
    "P2": "按正常期限办",
    "P3": "小毛病，顺手能改",
}

MISSING: Mapping[str, str] = {"look": "照片或录音", "description": "说明", "place": "地点"}

UNIT_KINDS: Mapping[str, str] = {"village": "村", "enterprise": "企业", "office": "站所", "school": "学校"}

ROLES: Mapping[str, str] = {
    "admin": "管理员",
    "reviewer": "审核员",
    "leader": "领导",
    "keeper": "保密专人",
    "liaison": "联系人",
}

ATTACHMENT_KINDS: Mapping[str, str] = {"photo": "照片", "voice": "录音", "video": "视频"}

ATTACHMENT_STATES: Mapping[str, str] = {
    "pending": "正在取",
    "kept": "已存好",
    "refused": "没有收",
    "lost": "没取到",
    "purged": "已删除",
}

# Why an attachment is refused, lost or late: the words of media.errors.Reason, of storage and of the fetching job.
REASONS: Mapping[str, str] = {
    "empty": "文件是空的",
    "too_large": "文件太大",
    "too_many_pixels": "照片尺寸太大，打不开",
    "too_complex": "照片文件不正常，怕拖垮电脑，没有打开",
    "not_a_picture": "发来的不是照片",
    "unsupported_format": "这种格式打不开",
    "damaged": "文件坏了",
    "out_of_memory": "照片太大，电脑内存不够",
    "not_a_voice": "发来的不是录音",
    "not_a_video": "发来的不是视频",
    "bad_store_url": "存放的地方没有设对",
    "bad_key": "存放的名字不对",
    "key_taken": "同名的文件已经有了",
    "missing_file": "存好的文件找不到了",
    "disk_full": "磁盘满了",
    "store_unavailable": "存放的地方暂时连不上",
    "store_forked": "程序没有起好，存不进去",
    "no_reference": "微信没有给取文件的地址",
    "media_gone": "微信那边已经没有这个文件了",
    "expired": "三天里一直没取到，微信已经删了",
    "address_refused": "给的地址不是微信的，没有去取",
    "unreachable": "微信暂时连不上",
    "rate_limited": "取得太多，微信让等一等",
    "token_refused": "微信不认我们的凭证",
    "misconfigured": "公众号设置不对，要管理员改",
    "refused_by_platform": "微信没让取",
    "interrupted": "取到一半断了，会再取",
    "on_request": "按上报人的要求删了",
}

HISTORY_ACTIONS: Mapping[str, str] = {
    "open": "收到",
    "submit": "提交",
    "withdraw": "撤回",
    "accept": "受理",
    "decline": "不予受理",
    "merge": "合并",
    "transfer": "移交",
    "verify": "核实，属实",
    "unfounded": "核实，不属实",
    "assign": "交办",
    "acknowledge": "联系人回了收到",
    "rectify": "报整改完成",
    "return": "复查没过，退回",
    "close": "销号",
    "reopen": "重新办",
    "ask": "问上报人",
    "answer": "上报人补充",
    "request_extension": "申请延期",
    "extend": "准予延期",
    "refuse_extension": "不准延期",
    "dispute": "提出异议",
    "dismiss_dispute": "异议不成立",
    "recategorise": "改类别和等级",
    "take_in": "并进来一条",
    "add_note": "备注",
    "purge": "删掉照片和录音",
}

# Where a notice stands, where its row says no more than that.
NOTICE_STATES: Mapping[str, str] = {
    "waiting": "等着发出",
    "held": "等对方下次发消息时送出",
    "sending": "正在发",
    "sent": "已送到",
    "maybe": "发出去了，不知道收到没有",
    "failed": "没送到",
    "dropped": "不用发了",
}

CHANNELS: Mapping[str, str] = {
    "customer": "微信",
    "reply": "微信",
    "passive": "微信",
    "template": "微信（模板消息）",
    "mail": "邮箱",
    "wecom": "企业微信群",
    "dingtalk": "钉钉群",
    "feishu": "飞书群",
}

PURPOSES: Mapping[str, str] = {
    "progress": "告诉上报人进度",
    "question": "问上报人",
    "duty_told": "告诉上报人值班已经知道",
    "assignment": "交办",
    "returned": "退回再改",
    "settled": "告诉联系人结果",
    "reminder": "催办提醒",
    "to_review": "请审核员看",
    "digest": "每周摘要",
    "alarm": "险情通知",
    "concealed": "密件通知",
}

PLEAS: Mapping[str, str] = {"extension": "申请延期", "dispute": "说不属实或者不归他们"}

# How an assignment ended, by the action that ended it.
ENDINGS: Mapping[str, str] = {
    "assign": "改派了",
    "merge": "并到别的里了",
    "transfer": "移交了",
    "unfounded": "不属实",
    "return": "退回再改",
    "close": "已销号",
    "withdraw": "撤下来了",
}

# How near an open report is to the limit of the whole: 45 and 55 of 60 days.
AGES: Mapping[str, str] = {"yellow": "快到 60 天了", "red": "马上满 60 天"}

# What the reporter answers when asked whether it is mended.
FIXED_ANSWERS: Mapping[str, str] = {"fixed": "改好了", "not_fixed": "没改", "unknown": "不知道"}

WAITS: Mapping[str, str] = {"late": "逾期", "soon": "两天内到期", "mine": "等我办"}

UNIT_WHYS: Mapping[str, str] = {
    "known": "上报时对上的",
    "named": "地点里提到",
    "said": "上报人的话里提到",
    "near": "离得近",
    "office": "管这一类",
}

MESSAGE_KINDS: Mapping[str, str] = {
    "text": "文字",
    "image": "照片",
    "voice": "语音",
    "video": "视频",
    "shortvideo": "小视频",
    "location": "位置",
    "link": "链接",
    "event": "事件",
    "unknown": "别的消息",
    "unreadable": "读不出来的消息",
}

EVENTS: Mapping[str, str] = {
    "subscribe": "关注",
    "unsubscribe": "取消关注",
    "scan": "扫码",
    "location": "报位置",
    "click": "点菜单",
    "view": "点菜单链接",
}

MESSAGE_STATES: Mapping[str, str] = {
    "done": "已答复",
    "unsorted": "没看懂",
    "sorted": "有人看过了",
    "failed": "程序出错，没办成",
    "unreadable": "内容读不出来",
}

INTENTS: Mapping[str, str] = {
    "emergency": "险情",
    "hazard": "隐患",
    "concealed_accident": "瞒报事故",
    "check_in": "签到",
    "activity_record": "活动记录",
    "rectification": "整改情况",
    "dispute": "有不同意见",
    "status_query": "问进度",
    "withdrawal": "要撤回",
    "privacy_question": "问保密",
    "reward_question": "问奖励",
    "safety_question": "问安全知识",
    "non_safety": "不是安全的事",
    "acknowledgement": "回个话",
    "small_talk": "闲聊",
    "spam": "广告",
    "help": "问怎么用",
    "location": "报位置",
    "unknown": "没看懂",
}

TWIN_REASONS: Mapping[str, str] = {
    "same_photo": "有一张照片一模一样",
    "near_photo": "照片很像",
    "near_place": "地点很近",
    "same_label": "地名一样",
    "similar_label": "地名差不多",
    "same_category": "类别一样",
    "close_in_time": "前后两天内报的",
}

SOURCES: Mapping[str, str] = {"chat": "微信公众号"}


def say_missing(missing: str) -> str:
    """Return what a report still lacks, such as 还缺：照片或录音、地点; empty when nothing is missing."""
    parts = [MISSING.get(part, part) for part in missing.split(",") if part]
    return f"还缺：{'、'.join(parts)}" if parts else ""


def say_reason(reason: str) -> str:
    """Return why an attachment cannot be shown; a reason unknown here is said to be unknown."""
    return REASONS.get(reason, "原因不明") if reason else ""


def say_notice_reason(reason: str) -> str:
    """Return why a notice is held, failed or dropped; the outbox keeps it in words."""
    return reason or "原因不明"


def say_unit_why(why: str, metres: int | None) -> str:
    """Return why a unit is suggested, such as 离得近，约 320 米."""
    said = UNIT_WHYS[why]
    return said if metres is None else f"{said}，约 {round(metres, -1)} 米"


def say_twin(reasons: Sequence[str], metres: int | None) -> str:
    """Return why two reports may be about the same thing, such as 照片很像、相距 40 米."""
    parts = [
        f"相距 {metres} 米" if reason == "near_place" and metres is not None else TWIN_REASONS.get(reason, "")
        for reason in reasons
    ]
    return "、".join(part for part in parts if part)


def say_note(action: str, note: str) -> str:
    """Return the note of a step in a report's history, with the codes of a changed category in words."""
    first, _, rest = note.partition("\n")
    before, arrow, after = first.partition(" → ")
    if action != "recategorise" or not arrow:
        return f"合并到 {note}" if action == "merge" and note else note
    said = f"{_say_pair(before)} → {_say_pair(after)}"
    return f"{said}\n{rest}" if rest else said


def _say_pair(pair: str) -> str:
    category, _, level = pair.partition(" ")
    return f"{CATEGORIES.get(category, category)}，{LEVELS.get(level, level)}"


def say_kind(kind: str, event: str) -> str:
    """Return what kind of message came, such as 照片 or 关注."""
    if kind == "event":
        return EVENTS.get(event.lower(), "别的事件")
    return MESSAGE_KINDS.get(kind, "别的消息")
