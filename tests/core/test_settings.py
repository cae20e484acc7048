"""Settings: which source wins, and what each kind of mistake costs."""

from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field, Secret, SecretStr, model_validator

from ttai import Host, Settings
from ttai.cli.terminal import read_settings
from ttai.errors import BadSetting
from ttai.settings import RESERVED, Config, CoreSettings
from ttai.testing import harness


class VixSettings(Settings):
    alarm: float = Field(30, gt=0)
    mode: Literal["loud", "quiet"] = "quiet"
    watch: list[str] = Field(default_factory=list)
    levels: dict[str, float] = Field(default_factory=dict)


class Range(Settings):
    low: float = 1
    high: float = 2

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


def toml(folder: Path, text: str) -> Config:
    (folder / "config.toml").write_text(text, "utf-8")
    return Config.read(folder / "config.toml")


def test_the_command_line_beats_the_environment_beats_the_file_beats_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Config({}).core({}).port == 5180
    config = toml(tmp_path, "port = 1")
    assert config.core({}).port == 1
    monkeypatch.setenv("TTAI_PORT", "2")
    assert config.core({}).port == 2
    assert config.core({"port": 3}).port == 3
    assert config.problems == []


def test_an_empty_variable_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTAI_PORT", "")
    config = toml(tmp_path, 'port = "high"')
    assert config.core({}).port == 5180
    assert "port is not usable" in config.problems[0]


def test_blanks_are_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTAI_API_KEY", "  ")
    assert Config({}).core({}).api_key is None


def test_a_data_dir_in_small_letters_is_where_its_settings_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml(tmp_path, "port = 4321")
    monkeypatch.delenv("TTAI_DATA_DIR", raising=False)
    monkeypatch.setenv("ttai_data_dir", str(tmp_path))
    settings, _ = read_settings(None)
    assert (settings.data_dir, settings.port) == (tmp_path, 4321)


def test_the_brokers_variables_keep_their_own_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = toml(tmp_path, 'tastytrade_api_url = "https://file"')
    assert config.core({}).tastytrade_api_url == "https://file"
    monkeypatch.setenv("TASTYTRADE_API_URL", "https://environment/")
    assert config.core({}).tastytrade_api_url == "https://environment"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"port = ", "is not read"),
        (b"\xff\xfe", "is not read"),
        (b'port = "high"', "port is not usable (should be a whole number"),
        (b"port = 70000", "port is not usable (should be less than or equal to 65535"),
        (b'log_level = "LOUD"', "log_level is not usable"),
        (b"prot = 1", "there is no setting prot; it is ignored"),
        (b'TASTYTRADE_API_URL = "https://elsewhere"', "there is no setting TASTYTRADE_API_URL; it is ignored"),
        (b'api_key = "hunter2hunter2"', "api_key is a secret and is not read from here; set TTAI_API_KEY"),
        (b'data_dir = "/elsewhere"', "data_dir is where this file lies"),
    ],
)
def test_a_mistake_in_the_file_costs_that_line_and_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    config = Config.read(path)
    core = config.core({})
    (problem,) = config.problems
    assert str(path) in problem
    assert said in problem
    assert "hunter2" not in problem
    assert core == CoreSettings()


def test_what_is_right_beside_a_mistake_still_counts(tmp_path: Path) -> None:
    config = toml(tmp_path, 'host = 7\nport = 1\nlog_level = "debug"\ntransport = "pigeon"')
    core = config.core({})
    assert (core.host, core.port, core.log_level, core.transport) == ("localhost", 1, "DEBUG", "stdio")
    assert [problem.split(": ")[1].split()[0] for problem in config.problems] == ["transport", "host"]


def test_a_file_that_cannot_be_opened_is_a_problem_and_no_file_is_none(tmp_path: Path) -> None:
    assert Config.read(tmp_path / "config.toml").problems == []
    (tmp_path / "config.toml").mkdir()
    assert "is not read" in Config.read(tmp_path / "config.toml").problems[0]


async def test_problems_of_the_file_are_in_get_status() -> None:
    def register(host: Host) -> None:
        host.settings(VixSettings)

    config = {"nosuch": {"alarm": 1}, "vix": {"alrm": 1}}
    async with harness(register, name="vix", config=config, failing=True) as h:
        status = await h.call("get_status")
    assert "config.toml: there is no setting alrm" in status.text
    assert "there is no plugin nosuch to read [nosuch]" in status.text


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TTAI_PORT", "high", "TTAI_PORT is not usable: should be a whole number"),
        ("TTAI_LOG_LEVEL", "loud", "TTAI_LOG_LEVEL is not usable: should be 'DEBUG'"),
        ("TTAI_DEMO", "perhaps", "TTAI_DEMO is not usable"),
        ("TASTYTRADE_API_URL", "http://example.com", "TASTYTRADE_API_URL is not usable: must start with https://"),
        ("TTAI_DATA_DIR", "~nobody-of-this-name/x", "~nobody-of-this-name/x is not usable"),
    ],
)
def test_a_bad_variable_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSetting, match="VALIDATION") as refused:
        Config({"port": 1}).core({})
    assert said in str(refused.value)


def test_a_bad_option_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTAI_LOG_LEVEL", "DEBUG")
    with pytest.raises(BadSetting, match="--log-level is not usable"):
        Config({}).core({"log_level": "loud"})


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://api.tastyworks.com/", "https://api.tastyworks.com"),
        ("HTTPS://api.cert.tastyworks.com", "HTTPS://api.cert.tastyworks.com"),
        ("http://127.0.0.1:5190", "http://127.0.0.1:5190"),
        ("http://localhost:5190", "http://localhost:5190"),
        ("http://[::1]:5190/", "http://[::1]:5190"),
    ],
)
def test_the_broker_is_asked_over_https_or_on_this_machine(url: str, kept: str) -> None:
    assert CoreSettings(TASTYTRADE_API_URL=url).tastytrade_api_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://api.tastyworks.com",
        "http://localhost.example.com",
        "http://example.com/@localhost",
        "http://example.com#@localhost",
        "http://localhost@example.com",
        "https://user:word@example.com",
        "https://example.com?key=1",
        "https://",
        "https:///path",
        "ftp://localhost",
        "http://[::1",
        "localhost:5190",
        "",
    ],
)
def test_no_other_address_gets_the_credentials(url: str) -> None:
    with pytest.raises(ValueError, match="TASTYTRADE_API_URL"):
        CoreSettings(TASTYTRADE_API_URL=url)


def test_a_plugin_has_its_section_and_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config({"vix": {"alarm": 20, "mode": "loud", "watch": ["SPY"]}, "other": {"alarm": 1}})
    settings = config.plugin("vix", VixSettings)
    assert isinstance(settings, VixSettings)
    assert (settings.alarm, settings.mode, settings.watch) == (20.0, "loud", ["SPY"])
    monkeypatch.setenv("TTAI_VIX_ALARM", "25")
    monkeypatch.setenv("TTAI_VIX_WATCH", "SPY, QQQ")
    settings = config.plugin("vix", VixSettings)
    assert (settings.alarm, settings.mode, settings.watch) == (25.0, "loud", ["SPY", "QQQ"])
    monkeypatch.setenv("TTAI_VIX_WATCH", '["IWM"]')
    assert config.plugin("vix", VixSettings).watch == ["IWM"]
    assert config.problems == []


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TTAI_VIX_ALARM", "-1", "should be greater than 0"),
        ("TTAI_VIX_LEVELS", "a,b", "should be an object"),
    ],
)
def test_a_plugins_variable_that_is_wrong_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSetting, match=rf"{variable} is not usable: {said}.*Change {variable}"):
        Config({}).plugin("vix", VixSettings)


class Needy(Settings):
    key: str


def test_a_setting_that_is_needed_is_to_be_set() -> None:
    with pytest.raises(BadSetting, match=r"TTAI_VIX_KEY is needed and not set. Set TTAI_VIX_KEY."):
        Config({}).plugin("vix", Needy)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"alarm": "high"}, "alarm in config.toml is not usable: should be a number"),
        ({"mode": "sleepy"}, "mode in config.toml is not usable: should be 'loud' or 'quiet'"),
    ],
)
async def test_a_plugin_with_bad_settings_is_not_there_and_says_which_to_change(
    section: dict[str, object], said: str
) -> None:
    def register(host: Host) -> None:
        host.settings(VixSettings)

    async with harness(register, name="vix", config={"vix": section}, failing=True) as h:
        status = await h.call("get_status")
    (line,) = [row for row in status.rows("plugins") if row["name"] == "vix"]
    assert line["plugin_state"] == "failed"
    assert said in line["problem"]
    assert f"Change {said.split(' is not', 1)[0]}" in line["problem"]


def test_fields_that_are_wrong_together_name_the_section() -> None:
    with pytest.raises(BadSetting, match=r"TTAI_VIX_\* is not usable: low is above high"):
        Config({"vix": {"low": 3}}).plugin("vix", Range)


def test_an_unknown_key_of_a_plugin_is_said_and_the_rest_counts() -> None:
    config = Config({"vix": {"alrm": 1, "alarm": 12}}, Path("config.toml"))
    assert config.plugin("vix", VixSettings).alarm == 12
    config.plugin("vix", VixSettings)  # a plugin that waits for another is registered again
    assert config.problems == ["config.toml: there is no setting alrm; it is ignored"]


def test_a_section_that_is_none_is_said(tmp_path: Path) -> None:
    config = toml(tmp_path, "vix = 3")
    config.core({})
    assert "there is no setting vix" in config.problems[0]
    assert config.plugin("vix", VixSettings).alarm == 30


def test_a_plugin_cannot_read_the_cores_variables() -> None:
    assert {"host", "port", "api", "api_key", "log", "data", "plugin", "tastytrade", "get", "list", "core"} <= RESERVED
    assert "vix" not in RESERVED


def test_the_demo_lives_apart(tmp_path: Path) -> None:
    core = CoreSettings(data_dir=tmp_path)
    assert core.home == tmp_path
    assert core.model_copy(update={"demo": True}).home == tmp_path / "demo"
    assert CoreSettings(data_dir=Path("~/x")).data_dir == Path.home() / "x"


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTAI_API_KEY", "hunter2hunter2")
    core = Config({}).core({})
    assert core.api_key is not None
    assert core.api_key.get_secret_value() == "hunter2hunter2"
    assert "hunter2" not in repr(core)


class Thing:
    def __str__(self) -> str:
        return "a thing"


class Odd(Settings):
    thing: Any = Field(default_factory=Thing)
    keys: dict[str, Any] = Field(default_factory=lambda: {"door": SecretStr("hunter2hunter2")})
    code: Secret[str] = Secret("hunter2hunter2")
    size: int = 1


class Worse(Settings):
    raw: bytes = b"\xff"


def test_what_is_no_json_is_shown_as_text_and_costs_no_other(tmp_path: Path) -> None:
    config = Config({})
    for name, kind in (("worse", Worse), ("odd", Odd)):
        config.plugin(name, kind)
    shown = config.shown(config.core({}))
    assert shown["port"] == 5180
    assert (shown["odd.thing"], shown["odd.size"]) == ("a thing", 1)
    assert shown["worse"].startswith("can't be shown (")
    assert "odd.code" not in shown
    assert shown["odd.keys"] == {"door": "**********"}
    assert "hunter2" not in str(shown)
