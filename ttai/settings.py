"""Settings: command line > environment > config.toml > defaults.

The core's are top-level keys of `<data dir>/config.toml` and `TTAI_<FIELD>`; a plugin's are a section
`[<plugin>]` and `TTAI_<PLUGIN>_<FIELD>`. What is wrong in the file costs that line of it, never the
start: the file may have been edited by hand while the desktop app is what spawns us.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, Secret, SecretBytes, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ttai.errors import BadSetting, plainly

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PRODUCTION = "https://api.tastyworks.com"
HIDDEN: tuple[type, ...] = (SecretStr, SecretBytes, Secret)


# What config.toml says for the class of settings that is being made.
_section: ContextVar[Mapping[str, Any] | None] = ContextVar("section", default=None)
_sheltered: ContextVar[bool] = ContextVar("sheltered", default=False)  # from the environment


class Settings(BaseSettings):
    """A section of settings, typed; a plugin subclasses it and asks `host.settings(Section)`."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, populate_by_name=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = InitSettingsSource(settings_cls, dict(_section.get() or {}))
        if _sheltered.get():
            return init_settings, file
        prefix = env_settings.env_prefix if isinstance(env_settings, EnvSettingsSource) else None
        return init_settings, _Environment(settings_cls, env_prefix=prefix), file


class _Environment(EnvSettingsSource):
    """The environment, where a list may also be written a,b."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return [part.strip() for part in value.split(",")]


class CoreSettings(Settings):
    """What the server itself can be told."""

    model_config = SettingsConfigDict(env_prefix="TTAI_")

    transport: Literal["stdio", "http", "sse"] = "stdio"
    host: str = "localhost"
    port: int = Field(5180, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    data_dir: Path = Path("~/.ttai")
    demo: bool = False
    api_key: SecretStr | None = None
    plugins: str = ""
    plugin_path: str = ""
    auth: bool = True
    app_tools: bool = False
    notification_backend: list[Literal["auto", "tauri", "log", "none"]] = ["auto"]
    schedules: dict[str, str] = {}
    tastytrade_api_url: str = Field(PRODUCTION, validation_alias="TASTYTRADE_API_URL")
    tastytrade_account: str = Field("", validation_alias="TASTYTRADE_ACCOUNT")

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("api_key")
    @classmethod
    def _said(cls, value: SecretStr | None) -> SecretStr | None:
        """Blanks are no key."""
        key = value.get_secret_value().strip() if value else ""
        return SecretStr(key) if key else None

    @field_validator("data_dir")
    @classmethod
    def _home(cls, value: Path) -> Path:
        return expand(value)

    @field_validator("tastytrade_api_url")
    @classmethod
    def _secure(cls, value: str) -> str:
        url = urlsplit(value)
        if url.username is not None or url.query or url.fragment:
            raise ValueError("must be an address alone, without a user, ? or #")
        if not url.hostname or url.scheme not in ("https", "http"):
            raise ValueError("must be an address such as https://host")
        if url.scheme == "http" and url.hostname not in LOOPBACK:
            raise ValueError("must start with https:// (http:// is allowed for this machine only)")
        return value.rstrip("/")

    @property
    def home(self) -> Path:
        """Where this run keeps its files: the demo apart from real accounts."""
        return self.data_dir / "demo" if self.demo else self.data_dir

    @property
    def open_to_all(self) -> bool:
        """Whether whoever is on this machine may call an HTTP server without a token."""
        return self.api_key is None and (self.demo or not self.auth)

    @property
    def loopback(self) -> bool:
        """Whether the HTTP server is meant for this machine alone."""
        return self.host in LOOPBACK


GROUP = "ttai.plugins"  # the entry points that are plugins
OURS = "ttai"  # the distribution whose plugins keep the names they write

# A plugin of one of these names would read the core's variables, or forge another's tool names.
RESERVED = frozenset(
    {part for name in CoreSettings.model_fields for part in (name, name.split("_")[0])}
    | {"app", "core", "ttai", "http", "llm", "master", "notification", "webhook", "get", "list"}
)  # fmt: skip

TABLES = frozenset({"schedules"})  # the core's settings that are tables of the file

S = TypeVar("S", bound=Settings)


def expand(path: Path) -> Path:
    """A data dir as it is meant, `~` and all."""
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        said = f"the data dir {path} is not usable: {error}"
        raise BadSetting(said, "Name another with --data-dir or TTAI_DATA_DIR") from None


def in_environment(variable: str) -> str:
    """What a variable says, in whichever letters it is written; "" where it says nothing."""
    return next((value for name, value in os.environ.items() if name.upper() == variable and value), "")


class Config:
    """config.toml as it was read, and what was wrong with it."""

    def __init__(self, values: Mapping[str, Any], path: Path | None = None, *, sheltered: bool = False) -> None:
        """A `sheltered` one does not look into the environment."""
        self._values = values
        self._sheltered = sheltered
        self.path = path
        self._made: dict[str, Settings] = {}
        self.problems: list[str] = []

    @classmethod
    def read(cls, path: Path) -> "Config":
        """The file's values; one that can't be read counts as empty and is a problem reported."""
        try:
            return cls(tomllib.loads(path.read_text("utf-8")), path)
        except FileNotFoundError:
            return cls({}, path)
        except NotADirectoryError:
            config = cls({}, path)
            config.problems.append(f"{path.parent} is a file, not a folder; choose another --data-dir or TTAI_DATA_DIR")
            return config
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            config = cls({}, path)
            config.problems.append(f"{path} is not read: {error}. Correct it or move it away, then restart")
            return config

    def core(self, overrides: Mapping[str, Any]) -> CoreSettings:
        """The core's settings; `overrides` come from the command line."""
        flat = {n: value for n, value in self._values.items() if not isinstance(value, dict) or n in TABLES}
        if flat.pop("api_key", None) is not None:
            self._complain("api_key is a secret and is not read from here; set TTAI_API_KEY")
        if flat.pop("data_dir", None) is not None:
            self._complain("data_dir is where this file lies; set TTAI_DATA_DIR or --data-dir")
        return self._load(CoreSettings, "TTAI_", flat, overrides, lenient=True)

    def plugin(self, name: str, kind: type[S]) -> S:
        """One plugin's settings, or BadSetting saying which one to mend."""
        section = self._values.get(name, {})
        made = self._load(kind, f"TTAI_{name.upper()}_", section if isinstance(section, dict) else {}, {})
        self._made[name] = made
        return made

    def shown(self, core: CoreSettings) -> dict[str, Any]:
        """Every setting in force, the plugins' by section, without secrets."""
        everything = {"": core, **self._made}
        shown: dict[str, Any] = {}
        for section, settings in everything.items():
            secret = {name for name, value in settings if isinstance(value, HIDDEN)}
            try:  # what a plugin takes for a setting may be of any class
                values = settings.model_dump(mode="json", exclude=secret, fallback=str, warnings=False)
            except Exception as error:  # noqa: BLE001 - its own words might hold a secret
                shown[section or "core"] = f"can't be shown ({type(error).__name__})"
                continue
            shown.update({f"{section}.{name}" if section else name: value for name, value in values.items()})
        return shown

    @property
    def sections(self) -> dict[str, type[Settings]]:
        """The plugins' settings classes by plugin."""
        return {name: type(settings) for name, settings in self._made.items()}

    def strangers(self, plugins: Iterable[str]) -> list[str]:
        """What is wrong with the sections of the file, if these are all the plugins there are."""
        sections = {name for name, value in self._values.items() if isinstance(value, dict)} - TABLES
        return [f"{self.path}: there is no plugin {name} to read [{name}]" for name in sorted(sections - {*plugins})]

    def _complain(self, said: str) -> None:
        """Once: a plugin that is registered again reads its settings again."""
        problem = f"{self.path}: {said}"
        if problem not in self.problems:
            self.problems.append(problem)

    def _load(
        self, kind: type[S], prefix: str, section: Mapping[str, Any], overrides: Mapping[str, Any], *,
        lenient: bool = False,
    ) -> S:  # fmt: skip
        given = {name: value for name, value in section.items() if name in kind.model_fields}
        for name in sorted(section.keys() - given.keys()):
            self._complain(f"there is no setting {name}; it is ignored")
        while True:
            tokens = _section.set(given), _sheltered.set(self._sheltered)
            try:
                return kind(**{"_env_prefix": prefix, **overrides})
            except ValidationError as error:
                name, source, said = _blame(kind, prefix, given, overrides, error)
                if lenient and not source:
                    del given[name]
                    self._complain(f"{name} is not usable ({said}); the default is used")
                    continue
                source = source or f"{name} in {self.path}"
                if error.errors()[0]["type"] == "missing":
                    raise BadSetting(f"{source} is needed and not set", f"Set {source}") from None
                raise BadSetting(f"{source} is not usable: {said}", f"Change {source}") from None
            finally:
                _section.reset(tokens[0])
                _sheltered.reset(tokens[1])


def _blame(
    kind: type[Settings], prefix: str, given: Mapping[str, Any], overrides: Mapping[str, Any], error: ValidationError
) -> tuple[str, str, str]:
    """The first bad field, the option or variable it came from ("" for the file), and what is wrong."""
    first = error.errors()[0]
    said = plainly(first)
    loc = first["loc"][0] if first["loc"] else ""
    name = next((n for n, field in kind.model_fields.items() if loc in (n, field.validation_alias)), "")
    if not name:  # it is the fields together that are wrong
        return "", f"{prefix}*", said
    if name in overrides:
        return name, f"--{name.replace('_', '-')}", said
    variable = str(kind.model_fields[name].validation_alias or f"{prefix}{name}").upper()
    return name, variable if in_environment(variable) or name not in given else "", said
