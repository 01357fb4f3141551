"""The servers that ours is measured against, as their documents suggest writing them."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask
from sqlalchemy import BigInteger, String, Text, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from werobot import WeRoBot
from werobot.contrib.flask import make_view

from tests.bench.load import TOKEN


def make_echo() -> Flask:
    """Return a bare echo: nothing is stored."""
    robot = WeRoBot(token=TOKEN, SESSION_STORAGE=False)

    @robot.handler
    def echo(message: Any) -> str:
        return str(getattr(message, "content", None) or "收到")

    return _serve(robot)


def make_naive() -> Flask:
    """Return a handler that stores each message through a session of its own, SQLite as it is by default."""

    class Base(DeclarativeBase):
        pass

    class Message(Base):
        __tablename__ = "messages"
        id: Mapped[int] = mapped_column(primary_key=True)
        message_id: Mapped[int] = mapped_column(BigInteger, index=True)
        source: Mapped[str] = mapped_column(String(64))
        kind: Mapped[str] = mapped_column(String(32))
        content: Mapped[str] = mapped_column(Text)

    engine = create_engine(os.environ["BENCH_NAIVE_URL"], connect_args={"timeout": 30})
    Base.metadata.create_all(engine)
    robot = WeRoBot(token=TOKEN, SESSION_STORAGE=False)

    @robot.handler
    def keep(message: Any) -> str:
        with Session(engine) as session:
            known = session.query(Message).filter_by(message_id=message.message_id, source=message.source).first()
            if known is None or not message.message_id:
                session.add(
                    Message(
                        message_id=message.message_id or 0,
                        source=message.source,
                        kind=message.type,
                        content=str(getattr(message, "content", None) or ""),
                    )
                )
                session.commit()
        return "收到,已登记"

    return _serve(robot)


def _serve(robot: WeRoBot) -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/wechat", endpoint="wechat", view_func=make_view(robot), methods=["GET", "POST"])
    return app
