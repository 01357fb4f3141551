"""What the bot says about binding a chat account to a member of staff."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.texts import quote
from storage.staff import Role

HOW = "要绑定，就把镇里给的码发过来，比如：绑定 ABCD2345。没有码，问镇安委办要一个。"
WRONG = "这个码对不上。照着镇里给的 8 位字母和数字，再发一遍，比如：绑定 ABCD2345。"
EXPIRED = "这个码过期了，或者已经用过。请镇安委办再给一个，一天之内用。"
TAKEN = "这个微信已经绑着另一个人了。要换人，先回“解绑”，再发一遍这个码。"
PAUSED = "几次都没对上，先歇一个小时再试。着急的话，给镇安委办打个电话。"
UNBOUND = "好，解绑了，交办和提醒不再发到这里。要再绑，问镇安委办要个新码。"
NOT_BOUND = "这个微信没有绑过，不用解。看到隐患，拍张照片或说一句就行。"

_ROLES = {
    Role.ADMIN: "管理员",
    Role.REVIEWER: "审核员",
    Role.LEADER: "领导",
    Role.KEEPER: "保密专人",
    Role.LIAISON: "联系人",
}


def bound(name: str, role: Role, unit_names: Sequence[str], *, is_replaced: bool) -> str:
    """Return the answer to a right code: who is bound now, for which units, and what follows."""
    replaced = "原来那个微信就不收了。" if is_replaced else ""
    tasks = "回“我的任务”看手上的事，" if unit_names else ""
    return (
        f"好，{quote(name, 12)}（{_say_post(role, unit_names)}），绑上了，往后交办和提醒发到这里。"
        f"{replaced}{tasks}回“解绑”随时取消。"
    )


def _say_post(role: Role, unit_names: Sequence[str]) -> str:
    if not unit_names:
        return _ROLES[role]
    if len(unit_names) > 2:
        return f"{quote(unit_names[0], 12)}等 {len(unit_names)} 个单位联系人"
    return f"{'、'.join(quote(name, 12) for name in unit_names)}联系人"
