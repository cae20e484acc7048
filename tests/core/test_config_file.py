"""config.toml as the program writes it: what was there stays, what would not be read is not written."""

import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, Secret, SecretBytes, SecretStr, model_validator

from ttai import Settings, config_file
from ttai.config_file import change, edited
from ttai.errors import BadArgument, BadSetting
from ttai.settings import Config


class VixSettings(Settings):
    alarm: float = Field(30, gt=0)
    mode: Literal["loud", "quiet"] = "quiet"
    watch: list[str] = Field(default_factory=list)
    days: Annotated[set[int], "of the month"] | None = None
    levels: dict[str, float] = Field(default_factory=dict)
    name: str | None = None
    key: SecretStr | None = None
    keys: list[SecretBytes] = Field(default_factory=list)
    code: Annotated[Secret[int] | None, "of a door"] = None


class Range(Settings):
    low: float = 1
    high: float = 2

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class Locked(Settings):
    token: SecretStr
    size: int = 1


SECTIONS: Mapping[str, type[Settings]] = {"vix": VixSettings, "range": Range, "locked": Locked}

FILE = """# what I told it
log_level = "INFO"   # be loud
port = 5180

[vix]  # fear
# thirty is late
alarm = 30
watch = [
  "SPY",  # the market
]

[elsewhere]
unknown = true
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_bytes(FILE.encode())
    return path


def test_a_value_changes_and_the_rest_stays_as_it_was(path: Path) -> None:
    assert change(path, {"log_level": "debug", "vix.alarm": "25.5"}, SECTIONS) == []
    assert path.read_text() == FILE.replace('"INFO"   #', '"DEBUG"   #').replace("alarm = 30", "alarm = 25.5")


def test_what_was_written_is_what_the_next_start_reads(path: Path) -> None:
    changes = {
        "port": "5190", "demo": "yes", "tastytrade_api_url": "https://api.cert.tastyworks.com/", "plugins": "vix,range",
        "vix.mode": "loud", "vix.watch": "SPY, QQQ", "vix.days": "[1, 2]", "vix.levels": {"low": 12, "a.b": 40.5},
        "vix.name": '"quoted"\n[nonsense]', "range.low": 3, "range.high": 4,
    }  # fmt: skip
    change(path, changes, SECTIONS)
    config = Config.read(path)
    core, vix, both = config.core({}), config.plugin("vix", VixSettings), config.plugin("range", Range)
    assert (core.port, core.demo, core.plugins) == (5190, True, "vix,range")
    assert core.tastytrade_api_url == "https://api.cert.tastyworks.com"
    assert (vix.alarm, vix.mode, vix.watch, vix.days) == (30, "loud", ["SPY", "QQQ"], {1, 2})
    assert vix.levels == {"low": 12, "a.b": 40.5}
    assert vix.name == '"quoted"\n[nonsense]'
    assert (both.low, both.high) == (3, 4)
    assert config.problems == []


def test_without_a_file_one_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "config.toml"
    change(path, {"vix.alarm": 20, "log_level": "DEBUG"}, SECTIONS)
    assert path.read_text() == 'log_level = "DEBUG"\n\n[vix]\nalarm = 20.0\n'
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_none_removes_a_setting_whatever_it_is(path: Path) -> None:
    path.write_text('api_key = "hunter2hunter2"\nprot = 1\nport = 1\n\n[vix]\nalrm = 1\nkey = "hunter2hunter2"\n')
    gone = dict.fromkeys(("api_key", "prot", "vix.alrm", "vix.key", "vix.alarm", "range.low", "log_level"))
    change(path, gone, SECTIONS)
    assert path.read_text() == "port = 1\n\n[vix]\n"


def test_the_mode_the_link_and_the_line_ends_stay(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "ttai.toml"
    target.parent.mkdir()
    path.replace(target)
    target.write_bytes(FILE.replace("\n", "\r\n").encode())
    target.chmod(0o640)
    path.symlink_to(target)
    changes = {"port": 1, "demo": True, "vix.mode": "loud", "range.low": 0.0}
    change(path, changes, SECTIONS)
    assert path.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert target.read_bytes().decode() == edited(FILE, changes).replace("\n", "\r\n")
    assert [path.name for path in target.parent.iterdir()] == ["ttai.toml"]


def test_a_link_to_nothing_yet_gets_its_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").symlink_to(tmp_path / "later.toml")
    change(tmp_path / "config.toml", {"port": 1}, SECTIONS)
    assert (tmp_path / "later.toml").read_text() == "port = 1\n"
    assert (tmp_path / "config.toml").is_symlink()


def test_nothing_new_leaves_the_file_alone(path: Path) -> None:
    before = path.stat()
    change(path, {"port": 5180, "vix.mode": None}, SECTIONS)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"port": "high"}, "port can't be that: should be a whole number"),
        ({"port": 70000}, "port can't be that: should be less than or equal to 65535"),
        ({"log_level": "loud"}, "log_level can't be that: should be 'DEBUG'"),
        ({"tastytrade_api_url": "http://example.com"}, "tastytrade_api_url can't be that: must start with https://"),
        ({"vix.alarm": -1}, "vix.alarm can't be that: should be greater than 0"),
        ({"vix.days": "1,x"}, "vix.days can't be that: should be a whole number"),
        ({"vix.levels": "[" * 90_000}, "vix.levels can't be that: should be an object"),
        ({"vix.levels": "a,b"}, "vix.levels can't be that: should be an object"),
        ({"range.low": 3}, "range.low can't be that: low is above high"),
        ({"range.low": 3, "range.high": 2.5}, "range.low, range.high can't be that: low is above high"),
    ],
)
def test_a_value_that_would_not_be_read_changes_nothing_at_all(path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSetting, match="VALIDATION") as refused:
        change(path, {"demo": True, **changes}, SECTIONS)
    assert said in str(refused.value)
    assert path.read_text() == FILE


def test_the_environment_does_not_cover_a_bad_value_and_is_named_where_it_wins(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TTAI_PORT": "1", "TASTYTRADE_API_URL": "https://a", "TTAI_VIX_ALARM": "1"}.items():
        monkeypatch.setenv(name, value)
    bad: list[dict[str, Any]] = [{"port": "high"}, {"tastytrade_api_url": "http://a"}, {"vix.alarm": -1}]
    for changes in bad:
        with pytest.raises(BadSetting, match="can't be that"):
            change(path, changes, SECTIONS)
    assert path.read_text() == FILE
    changed = change(path, {"port": 2, "tastytrade_api_url": "https://b", "vix.alarm": 2, "demo": True}, SECTIONS)
    assert changed == ["TTAI_PORT", "TASTYTRADE_API_URL", "TTAI_VIX_ALARM"]
    assert 'tastytrade_api_url = "https://b"' in path.read_text()


def test_a_value_must_fit_what_stands_beside_it(path: Path) -> None:
    path.write_text("[range]\nhigh = 5\n")
    change(path, {"range.low": 3}, SECTIONS)
    with pytest.raises(BadSetting, match="low is above high"):
        change(path, {"range.low": 6}, SECTIONS)
    assert Config.read(path).plugin("range", Range).low == 3


def test_an_older_mistake_elsewhere_in_the_file_is_not_this_changes(path: Path) -> None:
    path.write_text('port = "high"\n[vix]\nalarm = -1\nprot = 1\n')
    change(path, {"log_level": "DEBUG", "vix.mode": "loud"}, SECTIONS)
    assert Config.read(path).core({}).log_level == "DEBUG"
    assert "alarm = -1" in path.read_text()


def test_a_section_that_lacks_a_secret_says_which_variable_comes_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadSetting, match=r"TTAI_LOCKED_TOKEN is not usable: Field required\. Change TTAI_LOCKED_TOKEN"):
        change(path, {"locked.size": 2}, SECTIONS)
    monkeypatch.setenv("TTAI_LOCKED_TOKEN", "hunter2hunter2")
    change(path, {"locked.size": 2}, SECTIONS)
    assert path.read_text() == f"{FILE}\n[locked]\nsize = 2\n"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("api_key", "api_key is a secret and is not kept in config.toml. Set TTAI_API_KEY."),
        ("vix.key", "vix.key is a secret and is not kept in config.toml. Set TTAI_VIX_KEY."),
        ("vix.keys", "Set TTAI_VIX_KEYS."),
        ("vix.code", "Set TTAI_VIX_CODE."),
        ("data_dir", "data_dir is where config.toml itself lies. Set TTAI_DATA_DIR or --data-dir."),
        ("log_levle", "there is no setting log_levle. Did you mean log_level?"),
        ("LOG_LEVEL", "Did you mean log_level?"),
        ("vix.alrm", "Did you mean vix.alarm?"),
        ("vxi.alarm", "Did you mean vix.alarm?"),
        ("alarm", "Did you mean vix.alarm?"),
        ("vix.levels.a", "Did you mean vix.levels?"),
        ("vix", "there is no setting vix."),
        ("", "there is no setting"),
        ("#$%&@!", "`ttai config show` lists them."),
    ],
)
def test_a_key_that_cannot_be_set_is_refused_with_what_to_do(path: Path, key: str, said: str) -> None:
    with pytest.raises(BadArgument, match="VALIDATION") as refused:
        change(path, {"port": 1, key: "hunter2hunter2"}, SECTIONS)
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert path.read_text() == FILE


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"port = 1\nthis is nonsense\n", "is not valid TOML: .*at line 2, column"),
        (b"port = 1\nport = 2\n", "is not valid TOML: .*at line 2"),
        (b"\xff\xfe", "can't be read or written"),
    ],
)
def test_a_broken_file_is_left_as_it_is(path: Path, content: bytes, said: str) -> None:
    path.write_bytes(content)
    with pytest.raises(BadSetting, match=said):
        change(path, {"port": 1}, SECTIONS)
    assert path.read_bytes() == content


def test_a_value_where_a_section_should_be_is_said(path: Path) -> None:
    path.write_text("vix = 3\n")
    with pytest.raises(BadSetting, match=r"vix in config\.toml is a value, not a section"):
        change(path, {"vix.alarm": 1}, SECTIONS)
    assert path.read_text() == "vix = 3\n"


@pytest.mark.parametrize(
    "content", ["vix = {alarm = 1}\n", "vix.alarm = 1\n", "[vix.levels]\na = 1\n[range]\n[vix.more]\nb = 1\n", "# none"]
)
def test_sections_may_be_written_in_any_way(path: Path, content: str) -> None:
    path.write_text(content)
    change(path, {"vix.mode": "loud", "port": 1, "vix.alarm": None}, SECTIONS)
    config = Config.read(path)
    assert config.plugin("vix", VixSettings).mode == "loud"
    assert config.core({}).port == 1
    change(path, {"vix.mode": None, "vix.levels": None, "port": None}, SECTIONS)
    assert Config.read(path).plugin("vix", VixSettings) == VixSettings()


def test_what_the_disk_refuses_is_said_and_leaves_no_mess(path: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))  # as a full disk
    try:
        with pytest.raises(BadSetting, match="can't be read or written"):
            change(path, {"port": 1}, SECTIONS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == FILE
    assert {found.name for found in tmp_path.iterdir()} == {"config.toml", "config.toml.lock"}
    with pytest.raises(BadSetting, match="can't be read or written"):
        change(path / "config.toml", {"port": 1}, SECTIONS)


def test_a_writer_that_does_not_come_to_an_end_is_not_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_file, "WAIT", 0.02)
    with FileLock(path.with_name("config.toml.lock")), pytest.raises(BadSetting, match="is being written by another"):
        change(path, {"port": 1}, SECTIONS)
    assert path.read_text() == FILE


WRITES = """if True:
    import sys
    from pathlib import Path
    from typing import Any
    from ttai.config_file import change
    from ttai.settings import Settings
    fields = {f"{name}{number}": 0 for name in "ab" for number in range(6)}
    kind = type("Many", (Settings,), {"__annotations__": dict.fromkeys(fields, int), **fields})
    change(Path(sys.argv[1]) / "elsewhere.toml", {"many.a0": 1}, {"many": kind})
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(6):
        change(Path(sys.argv[1]) / "config.toml", {f"many.{sys.argv[2]}{number}": number + 1}, {"many": kind})"""


def test_two_processes_that_write_at_once_lose_nothing(path: Path, tmp_path: Path) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-c", WRITES, str(tmp_path), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for name in "ab"
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in both:
        process.communicate(timeout=8)
        assert process.returncode == 0
    assert path.read_text().startswith(FILE)
    assert all(f"{name}{number} = {number + 1}\n" in path.read_text() for name in "ab" for number in range(6))


_words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)
_values = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | _words | st.lists(_words)


@settings(max_examples=40)
@given(st.dictionaries(st.from_regex(r"\A(vix\.)?[a-z]{1,3}\Z"), _values | st.none(), max_size=4))
def test_whatever_is_written_is_read_again_and_leaves_the_comments(changes: dict[str, Any]) -> None:
    if "vix" in changes:
        return
    after = edited(FILE, changes)
    assert edited(after, changes) == after
    read = tomllib.loads(after)
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        assert (read.get(section, {}) if section else read).get(name) == value
    assert all(comment in after for comment in ("# what I told it\n", "# be loud\n", "# fear\n", "# thirty is late\n"))
    left = tomllib.loads(edited(after, dict.fromkeys(changes)))
    assert all(key not in left for key in changes if "." not in key)


def test_an_entry_of_schedules_is_set_and_removed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert change(path, {"schedules.vix_alarm": "off", "schedules.other": "interval minutes=5"}, SECTIONS) == []
    assert path.read_text().startswith(FILE)
    schedules = Config.read(path).core({}).schedules
    assert schedules == {"vix_alarm": "off", "other": "interval minutes=5"}
    change(path, {"schedules.other": None, "schedules.never": None, "schedules.vix_alarm": "5"}, SECTIONS)
    assert Config.read(path).core({}).schedules == {"vix_alarm": "5"}
    with pytest.raises(BadSetting, match=r"can't be that: should be text"):
        change(path, {"schedules.vix_alarm": 5}, SECTIONS)
    for key in ("schedules.", "schedules.a.b"):
        with pytest.raises(BadArgument, match="there is no setting"):
            change(path, {key: "off"}, SECTIONS)
    monkeypatch.setenv("TTAI_SCHEDULES", '{"vix_alarm": "off"}')
    assert change(path, {"schedules.vix_alarm": "off"}, SECTIONS) == ["TTAI_SCHEDULES"]
