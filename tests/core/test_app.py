"""How a server is put together from its settings."""

from pathlib import Path

import pytest

from ttai.app import create_app
from ttai.clock import Clock
from ttai.logs import Logs
from ttai.settings import Config


@pytest.mark.parametrize(
    ("asked", "transport", "ways"),
    [
        (["auto"], "stdio", ["tauri"]),
        (["auto"], "http", ["log"]),
        (["log", "tauri", "log"], "stdio", ["log", "tauri"]),
        (["none"], "stdio", []),
    ],
)
def test_notifications_go_where_the_user_wants_them(
    tmp_path: Path, own_logging: None, asked: list[str], transport: str, ways: list[str]
) -> None:
    config = Config({"notification_backend": asked})
    settings = config.core({"data_dir": tmp_path, "transport": transport, "demo": True})
    logs = Logs("ERROR", None, Clock())
    app = create_app(settings, config, logs, serving=True)
    assert app.notifier.ways == ways
    assert create_app(settings, config, logs).notifier.ways == []
    logs.close()
