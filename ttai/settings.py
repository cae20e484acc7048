"""Settings: command line > environment > config.toml > defaults.

The core's are top-level keys of `<data dir>/config.toml` and `TTAI_<FIELD>`; a plugin's are a section
`[<plugin>]` and `TTAI_<PLUGIN>_<FIELD>`. What is wrong in the file costs that line of it, never the
start: the file may have been edited by hand while the desktop app is what spawns us.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ttai.errors import BadSetting

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PRODUCTION = "https://api.tastyworks.com"


class Settings(BaseSettings):
    """A section of settings, typed; a plugin subclasses it and asks `host.settings(Section)`."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, populate_by_name=True)
    section: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _Section(settings_cls)


class _Section(PydanticBaseSettingsSource):
    """What config.toml says for one class of settings."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(getattr(self.settings_cls, "section", {}))


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
    app_tools: bool = False
    auth: bool = True
    tastytrade_api_url: str = Field(PRODUCTION, validation_alias="TASTYTRADE_API_URL")
    tastytrade_account: str | None = Field(None, validation_alias="TASTYTRADE_ACCOUNT")

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("data_dir")
    @classmethod
    def _home(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("tastytrade_api_url")
    @classmethod
    def _secure(cls, value: str) -> str:
        url = value.rstrip("/")
        scheme, _, rest = url.partition("://")
        host = rest.rsplit("@", 1)[-1].split("/", 1)[0]
        name = host[1:].split("]", 1)[0] if host.startswith("[") else host.split(":", 1)[0]
        if scheme == "https" or (scheme == "http" and name in LOOPBACK):
            return url
        raise ValueError("must start with https:// (http:// is allowed for this machine only)")

    @property
    def home(self) -> Path:
        """Where this run keeps its files: the demo apart from real accounts."""
        return self.data_dir / "demo" if self.demo else self.data_dir

    @property
    def loopback(self) -> bool:
        """Whether the HTTP server is meant for this machine alone."""
        return self.host in LOOPBACK


# A plugin of one of these names would read the core's variables, or forge another's tool names.
RESERVED = frozenset(
    {part for name in CoreSettings.model_fields for part in (name, name.split("_")[0])}
    | {"core", "ttai", "http", "llm", "master", "notification", "webhook", "get", "list"}
)  # fmt: skip

S = TypeVar("S", bound=Settings)


class Config:
    """config.toml as it was read, and what was wrong with it."""

    def __init__(self, values: Mapping[str, Any], path: Path | None = None) -> None:
        self._values = values
        self.path = path
        self.problems: list[str] = []

    @classmethod
    def read(cls, path: Path) -> "Config":
        """The file's values; one that can't be read counts as empty and is a problem reported."""
        try:
            return cls(tomllib.loads(path.read_text("utf-8")), path)
        except FileNotFoundError:
            return cls({}, path)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            config = cls({}, path)
            config.problems.append(f"{path} is not read: {error}. Correct it or move it away, then restart")
            return config

    def core(self, overrides: Mapping[str, Any]) -> CoreSettings:
        """The core's settings; `overrides` come from the command line."""
        flat = {k: v for k, v in self._values.items() if not isinstance(v, dict)}
        if flat.pop("api_key", None) is not None:
            self.problems.append(f"{self.path}: api_key is a secret and is not read from here; set TTAI_API_KEY")
        return self._load(CoreSettings, flat, overrides, lenient=True)

    def plugin(self, name: str, kind: type[S]) -> S:
        """One plugin's settings, or BadSetting saying which one to mend."""
        section = self._values.get(name, {})
        model = type(kind.__name__, (kind,), {
            "__module__": kind.__module__,
            "model_config": SettingsConfigDict(env_prefix=f"TTAI_{name.upper()}_"),
        })  # fmt: skip
        return self._load(model, section if isinstance(section, dict) else {}, {})

    def _load(
        self,
        kind: type[S],
        section: Mapping[str, Any],
        overrides: Mapping[str, Any],
        *,
        lenient: bool = False,
    ) -> S:
        given = dict(section)
        for name in given.keys() - kind.model_fields.keys():
            self.problems.append(f"{self.path}: there is no setting {name}; it is ignored")
        while True:
            model = type(kind.__name__, (kind,), {"__module__": kind.__module__, "section": given})
            try:
                loaded: S = model(**overrides)
            except ValidationError as error:
                name, source, said = _blame(model, given, overrides, error)
                if source or not lenient:
                    source = source or f"{name} in {self.path}"
                    raise BadSetting(f"{source} is not usable: {said}", f"Change {source}") from None
                del given[name]
                self.problems.append(f"{self.path}: {name} is not usable ({said}); the default is used")
            else:
                return loaded


def _blame(
    kind: type[Settings], given: Mapping[str, Any], overrides: Mapping[str, Any], error: ValidationError
) -> tuple[str, str, str]:
    """The first bad field, the option or variable it came from ("" for the file), and what is wrong."""
    first = error.errors()[0]
    loc = str(first["loc"][0])
    name = next((n for n, field in kind.model_fields.items() if field.validation_alias == loc), loc)
    said = first["msg"].removeprefix("Value error, ")
    if name in overrides:
        return name, f"--{name.replace('_', '-')}", said
    alias = kind.model_fields[name].validation_alias
    variable = str(alias or f"{kind.model_config['env_prefix']}{name}").upper()
    in_environment = variable in {key.upper() for key in os.environ}
    return name, variable if in_environment or name not in given else "", said
