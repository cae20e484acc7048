"""Writing config.toml: several settings at once or none, comments kept, nothing written that would not be read."""

import json
import os
import stat
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from ttai.errors import BadArgument, BadSetting, plainly
from ttai.files import alone, replace
from ttai.settings import HIDDEN, TABLES, CoreSettings, Settings

WAIT = 5.0  # s another writer may take
_LISTS = (list, set, frozenset, tuple)


def change(path: Path, changes: Mapping[str, Any], sections: Mapping[str, type[Settings]]) -> list[str]:
    """Set `log_level` or `quotes.something` in config.toml, or remove it (None): all of `changes`, or none.

    `sections` are the plugins' settings by plugin name; a value is checked by its class and written as the class
    understood it ("5180" becomes 5180, "a,b" a list where one is meant). BadArgument or BadSetting leave the file
    as it was. Returns the environment variables that win over what was written. Blocks: call it in a thread.
    """
    kinds: dict[str, type[Settings]] = {"": CoreSettings, **sections}
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with alone(path.with_name(f"{path.name}.lock"), WAIT):
            target = Path(os.path.realpath(path))  # a link into somebody's dotfiles stays one
            mode, before = _read(target)
            values = _parse(path, before)
            after = edited(before, _checked(values, changes, kinds))
            if after != before:
                replace(target, after.encode(), mode)
    except TimeoutError:
        raise BadSetting(f"{path} is being written by another ttai", "Try again in a few seconds") from None
    except (OSError, UnicodeDecodeError) as error:
        said = f"{path} can't be read or written ({error})"
        raise BadSetting(said, "Correct that or move the file away, then try again") from None
    return [variable for key in changes if (variable := _variable(key, kinds)) and os.environ.get(variable)]


def write(path: Path, changes: Mapping[str, Any], sections: Mapping[str, type[Settings]]) -> str:
    """As `change` does; a sentence about when it holds."""
    masks = change(path, changes, sections)
    said = f"{', '.join(changes) or 'nothing'} written to {path}; it holds from the next start"
    return f"{said}, but {', '.join(masks)} in the environment comes first" if masks else said


def edited(text: str, changes: Mapping[str, Any]) -> str:
    """The TOML `text` with `changes` (plain values by `name` or `section.name`, None to remove), the rest as it is."""
    import tomlkit

    meant = _merged(tomllib.loads(text), changes)
    windows = "\r\n" in text and text.count("\n") == text.count("\r\n")
    document = tomlkit.parse(text.replace("\r\n", "\n") if windows else text)
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        if section and value is not None and section not in document:
            document.add(section, tomlkit.table())
        table: Any = document.get(section, {}) if section else document
        if value is None:
            table.pop(name, None)
        else:
            table[name] = value
    after = tomlkit.dumps(document)
    if _filled(tomllib.loads(after)) != _filled(meant):  # never a config.toml that says something else
        raise BadSetting("config.toml is written in a way that this can't be added to", "Change it in an editor")
    return after.replace("\n", "\r\n") if windows else after


def _read(path: Path) -> tuple[int, str]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        return mode, path.read_bytes().decode("utf-8")  # read_text would lose the line ends
    except FileNotFoundError:
        return 0o600, ""


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{path} is not valid TOML: {error}", "Correct that line, then try again") from None


def _merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with `changes`, as plain data."""
    merged = {name: dict(value) if isinstance(value, dict) else value for name, value in values.items()}
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        if section and value is None and section not in merged:
            continue
        table = merged.setdefault(section, {}) if section else merged
        if not isinstance(table, dict):
            raise BadSetting(f"{section} in config.toml is a value, not a section", f"Remove that line, or [{section}]")
        if value is None:
            table.pop(name, None)
        else:
            table[name] = value
    return merged


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` without empty sections, which say nothing."""
    return {name: value for name, value in values.items() if value != {}}


def _checked(
    values: Mapping[str, Any], changes: Mapping[str, Any], kinds: Mapping[str, type[Settings]]
) -> dict[str, Any]:
    """`changes` as their classes understand them; BadArgument or BadSetting for the first that can't be."""
    asked: dict[str, dict[str, Any]] = {}
    plain = dict(changes)
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        there = values.get(section, {}) if section else values
        if value is None and isinstance(there, dict) and name in there:
            continue  # whatever it is, it may go
        if _entry(key):
            plain[key] = _entered(section, name, value)
            continue
        field = _field(key, kinds)
        if value is not None:
            asked.setdefault(section, {})[name] = _meant(field, value)
    stays = _merged(values, {key: None for key, value in changes.items() if value is None})
    for section, wanted in asked.items():
        beside = stays.get(section, {}) if section else stays
        valid = _validated(section, kinds[section], wanted, beside if isinstance(beside, dict) else {})
        plain.update({f"{section}.{name}" if section else name: value for name, value in valid.items()})
    return plain


def _entry(key: str) -> bool:
    """Whether it is an entry of one of the core's tables, such as schedules.vix_alarm."""
    section, _, name = key.rpartition(".")
    return bool(name) and section in TABLES


def _entered(table: str, name: str, value: Any) -> Any:
    """An entry of one of the core's tables as its class understands it; None stays what it is."""
    return value if value is None else _validated("", CoreSettings, {table: {name: value}}, {})[table][name]


def _field(key: str, kinds: Mapping[str, type[Settings]]) -> FieldInfo:
    section, _, name = key.rpartition(".")
    field = kinds[section].model_fields.get(name) if section in kinds else None
    if field is None:
        known = [f"{where}.{one}" if where else one for where, kind in kinds.items() for one in kind.model_fields]
        near = get_close_matches(key.lower().removeprefix("ttai_"), known, n=1, cutoff=0.5)
        raise BadArgument(
            f"there is no setting {key}", f"Did you mean {near[0]}?" if near else "`ttai config show` lists them"
        )
    if _secret(field.annotation):
        raise BadArgument(f"{key} is a secret and is not kept in config.toml", f"Set {_variable(key, kinds)}")
    if key == "data_dir":
        raise BadArgument("data_dir is where config.toml itself lies", "Set TTAI_DATA_DIR or --data-dir")
    return field


def _secret(annotation: Any) -> bool:
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return issubclass(annotation, HIDDEN)
    return get_origin(annotation) in HIDDEN or any(_secret(part) for part in get_args(annotation))


def _variable(key: str, kinds: Mapping[str, type[Settings]]) -> str:
    """The environment variable of a setting, "" for what is none."""
    section, _, name = ("", "", key.partition(".")[0]) if _entry(key) else key.rpartition(".")
    field = kinds[section].model_fields.get(name) if section in kinds else None
    return str(field.validation_alias or f"{_prefix(section)}{name}").upper() if field else ""


def _prefix(section: str) -> str:
    return f"TTAI_{section.upper()}_" if section else "TTAI_"


def _meant(field: FieldInfo, value: Any) -> Any:
    """A word from the command line as the list or table that is meant, as the environment would be read."""
    kinds = _outermost(field.annotation)
    if not isinstance(value, str) or str in kinds or not kinds & {dict, *_LISTS}:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return [part.strip() for part in value.split(",")] if kinds & {*_LISTS} else value


def _outermost(annotation: Any) -> set[Any]:
    """The classes a value may be of: {list, NoneType} for `list[str] | None`."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return set().union(*map(_outermost, get_args(annotation)))
    return _outermost(get_args(annotation)[0]) if origin is Annotated else {origin or annotation}


def _validated(
    section: str, kind: type[Settings], wanted: Mapping[str, Any], beside: Mapping[str, Any]
) -> dict[str, Any]:
    """`wanted` as the class understands it, `beside` being what else stands in the section."""
    rest = {name: value for name, value in beside.items() if name in kind.model_fields and name not in wanted}
    while True:
        try:
            made = kind(**{"_env_prefix": _prefix(section), **rest, **wanted})
            return made.model_dump(mode="json", include=set(wanted))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            said = plainly(first)
            loc = first["loc"][0] if first["loc"] else ""
            name = next((n for n, field in kind.model_fields.items() if loc in (n, field.validation_alias)), "")
            if name in rest:  # an older mistake in the file is not this change's
                del rest[name]
                continue
            if name in wanted or not name:
                keys = [f"{section}.{one}" if section else one for one in ([name] if name else wanted)]
                raise BadSetting(f"{', '.join(keys)} can't be that: {said}", "The file is as it was") from None
            variable = _variable(f"{section}.{name}" if section else name, {section: kind})
            raise BadSetting(f"{variable} is not usable: {said}", f"Change {variable} first") from None
