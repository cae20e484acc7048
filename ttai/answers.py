"""Answers built for the model that reads them (text) and the program that parses them (structure)."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache, cached_property
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import to_json

from ttai.clock import NEW_YORK
from ttai.errors import AnswerTooLarge

T = TypeVar("T")
BUDGET = 8 * 1024  # bytes of text, and of structure, a default answer keeps to
PAGE = 256 * 1024  # bytes of what a page draws
CAP = 60 * 1024  # bytes of both together that no answer passes


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a number is kept (`places` decimals at most) and shown (`least` at least, or as `percent`)."""

    places: int
    least: int = 0
    percent: bool = False

    def of(self, name: str) -> "Rounding":
        """What holds in a field of that name: 0–100 in `…_percent`, `…_rank`, `…_percentile`."""
        hundred = self.percent and name.endswith(("_percent", "_rank", "_percentile"))
        return Rounding(2) if hundred else self

    def show(self, number: float) -> str:
        """The number as the text has it."""
        places = self.places - 2 if self.percent else self.places
        whole, _, decimals = f"{number * 100 if self.percent else number:.{places}f}".partition(".")
        decimals = decimals.rstrip("0").ljust(self.least, "0")
        return whole + ("." + decimals if decimals else "") + ("%" if self.percent else "")


_known = AfterValidator(lambda number: number if math.isfinite(number) else None)

Price = Annotated[float, _known, Rounding(4, least=2)]  # dollars a share, or index points
Money = Annotated[float, _known, Rounding(2, least=2)]  # dollars
Percent = Annotated[float, _known, Rounding(4, percent=True)]  # a fraction; 0–100 where the name says so
Greek = Annotated[float, _known, Rounding(4)]
Count = Annotated[float, _known, Rounding(8)]  # contracts, shares, coins, volume
Strike = Annotated[float, _known, Rounding(3)]  # dollars


class Answer(BaseModel):
    """What a tool returns; the ClassVar `precision = 8` keeps 8 significant digits in the structure."""

    notes: list[str] = Field(default_factory=list)  # why something is null, what was cut


class MarketAnswer(Answer):
    """An answer made from market data, with where it comes from."""

    as_of: datetime | None = None
    source: str | None = None  # stream, rest, cache, model, simulator
    session: str | None = None  # pre, open, after, closed, and why
    stale: bool | None = None


class Picture(MarketAnswer):
    """An answer to look at: the client gets `png` as an image and `said` as all of the text, then the notes.

    What else a subclass has is its structure. `page` is for the page that draws it in clients that show one
    (`ui://`): it goes out as `_meta["ttai/page"]`, which no model reads.
    """

    png: bytes = Field(exclude=True)
    said: list[str] = Field(exclude=True)
    page: BaseModel | None = Field(default=None, exclude=True)


_PROVENANCE = MarketAnswer.model_fields.keys() - Answer.model_fields.keys()


@dataclass(frozen=True)
class Rendered:
    """An answer as it leaves: the text a model reads and the same facts as JSON values."""

    text: str
    structured: dict[str, Any]

    @property
    def bytes(self) -> int:
        """Bytes of both."""
        return self.text_bytes + self.structured_bytes

    @cached_property
    def text_bytes(self) -> int:
        """UTF-8 bytes of the text."""
        return len(self.text.encode())

    @cached_property
    def structured_bytes(self) -> int:
        """UTF-8 bytes of the structure as compact JSON."""
        return len(to_json(self.structured))


def render(value: object) -> Rendered:
    """A tool's result as text and structure; AnswerTooLarge beyond CAP.

    Models become `name: value` lines, lists of models tables: `{"columns", "rows"}`. Labels equal in all rows (of
    at least two), and provenance always, move up beside the table, which names them in `shared`. What is neither
    model nor mapping is `{"result": …}`. NaN and infinity are null.
    """
    node = _node(value, _Meaning())
    lines = list(_lines(node) if node and isinstance(node, dict) else _block(node))
    rendered = Rendered("\n".join(lines or [_UNKNOWN]), _outermost(node))
    if rendered.bytes > CAP:
        raise AnswerTooLarge(math.ceil(rendered.bytes / 1024))
    return rendered


def _outermost(node: "Node") -> dict[str, Any]:
    return _structure(node) if isinstance(node, dict) else {"result": _structure(node)}


def structured(value: object, most: int) -> dict[str, Any] | None:
    """The structure of a model alone, for a page no model reads; None beyond `most` bytes."""
    found = _outermost(_node(value, _Meaning()))
    return found if len(to_json(found)) <= most else None


def rows(structured: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The whole rows of the table `name` of a structure: its columns, and what moved up."""
    table = structured[name]
    if isinstance(table, list):  # empty, of a type nobody declared
        return table
    shared = {column: structured[column] for column in table.get("shared", ())}
    return [dict(zip(table["columns"], row, strict=True)) | shared for row in table["rows"]]


def cut(rows: Sequence[T], keep: int, ask: str, noun: str = "") -> tuple[list[T], str | None]:
    """The first `keep` rows, and what was cut: "22 of 214 strikes; ask strikes=40", None if nothing."""
    said = f"{keep} of {len(rows)} {noun or ask.partition('=')[0]}; ask {ask}" if len(rows) > keep else None
    return list(rows[:keep]), said


class Leaf(NamedTuple):
    """A fact in the tree both renderings are made from; whether it labels a row (a number never does)."""

    value: Any
    text: str
    label: bool


@dataclass
class Table:
    """A list of models; `shared` names the columns that moved up."""

    columns: list[str]
    rows: list[dict[str, "Node"]]
    shared: list[str] = field(default_factory=list)


Node = Leaf | Table | dict[str, Any] | list[Any]
_NULL = Leaf(None, "-", label=False)
_UNKNOWN = "null: unknown"
_PLAIN = frozenset({float, str, int, bool, type(None), datetime})


class _Meaning(NamedTuple):
    """What a field's declaration says about its values; `item` is the model of a list of models."""

    name: str = ""
    rounding: Rounding | None = None
    item: type[BaseModel] | None = None
    precision: int | None = None


@cache
def _meanings(model: type[BaseModel]) -> tuple[_Meaning, ...]:
    fields = {name: f for name, f in model.model_fields.items() if not f.exclude}
    declared = [(name, Annotated[f.annotation, 0, *f.metadata]) for name, f in fields.items()]
    declared += [(name, f.return_type) for name, f in model.model_computed_fields.items()]
    meanings = []
    for name, annotation in declared:
        parts = list(_parts(annotation))
        rounding = next((part.of(name) for part in parts if isinstance(part, Rounding)), None)
        lists = [part for part in parts if get_origin(part) in {list, tuple, set, frozenset, Sequence, Iterable}]
        models = [p for part in lists for p in _parts(part) if isinstance(p, type) and issubclass(p, BaseModel)]
        meanings.append(_Meaning(name, rounding, next(iter(models), None), getattr(model, "precision", None)))
    return tuple(meanings)


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _node(value: Any, meaning: _Meaning) -> Node:
    if type(value) in _PLAIN:  # nearly all of them: the short way
        return _leaf(value, meaning)
    if isinstance(value, BaseModel):
        return _facts(value)
    value = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    if isinstance(value, Mapping):
        return {_utf8(str(key)): _node(item, meaning) for key, item in value.items()}
    value = sorted(value, key=str) if isinstance(value, set | frozenset) else value
    if not isinstance(value, list | tuple):
        return _leaf(value, meaning)
    if (value or meaning.item) and all(isinstance(item, BaseModel) for item in value):
        records = [_facts(item) for item in value]
        columns = dict.fromkeys(name for record in records for name in record)
        if not records:
            columns = dict.fromkeys(column.name for column in _meanings(meaning.item or BaseModel))
            columns.pop("notes", None)  # an answer's notes are there only where it has some
        return Table(list(columns), records)
    return [_node(item, meaning) for item in value]


def _facts(model: BaseModel) -> dict[str, Node]:
    """A model's fields; what all rows of all tables that have the column say is said once, beside them."""
    facts = {meaning.name: _node(getattr(model, meaning.name), meaning) for meaning in _meanings(type(model))}
    tables = [node for node in facts.values() if isinstance(node, Table) and node.rows]
    for name in dict.fromkeys(column for table in tables for column in table.columns):
        holders = [table for table in tables if name in table.columns]
        first, *others = [row.get(name, _NULL) for table in holders for row in table.rows]
        is_label = isinstance(first, Leaf) and first.label and all(cell == first for cell in others)
        if not is_label or facts.get(name, _NULL) not in (_NULL, first):
            continue
        for table in holders:
            enough = len(table.rows) > 1 or name in _PROVENANCE
            if enough and len(table.columns) > 1:  # a row keeps something to say
                table.columns.remove(name)
                table.shared.append(name)
                facts[name] = first
    if isinstance(model, Answer) and not model.notes:
        del facts["notes"]
    return facts


def _leaf(value: Any, meaning: _Meaning) -> Leaf:
    if type(value) is float:
        return _number(value, meaning)
    value = value.value if isinstance(value, Enum) else value
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return Leaf(value, "yes" if value else "no", label=True)
    if isinstance(value, int | float | Decimal):
        return _number(value, meaning)
    if isinstance(value, datetime):
        local = _in_new_york(value) if value.tzinfo else value
        return Leaf(local.isoformat(timespec="seconds"), f"{local:%Y-%m-%d %H:%M:%S %Z}".rstrip(), label=True)
    text = value.isoformat() if isinstance(value, date) else _utf8(str(value))
    return Leaf(text, text, label=True)


def _in_new_york(moment: datetime) -> datetime:
    try:
        return moment.astimezone(NEW_YORK)
    except OverflowError:  # the first or the last day there is
        return moment


def _number(value: float | Decimal, meaning: _Meaning) -> Leaf:
    number = value if isinstance(value, int) else float(value)
    if isinstance(number, float) and not math.isfinite(number):
        return _NULL
    if abs(number) >= 10**15:  # no decimals left to round
        return Leaf(number, str(number), label=False)
    if meaning.rounding and not meaning.precision:
        number = round(number, meaning.rounding.places)
    elif int(number) != number:
        number = float(f"{number:.{meaning.precision or 15}g}")  # 15: 0.1 + 0.2 is 0.3
    number = int(number) if int(number) == number else number
    return Leaf(number, meaning.rounding.show(number) if meaning.rounding else str(number), label=False)


def _structure(node: Node) -> Any:
    if isinstance(node, Leaf):
        return node.value
    if isinstance(node, Table):
        cells = [[_structure(row.get(column, _NULL)) for column in node.columns] for row in node.rows]
        return {"columns": node.columns, "rows": cells} | ({"shared": node.shared} if node.shared else {})
    if isinstance(node, dict):
        return {name: _structure(item) for name, item in node.items()}
    return [_structure(item) for item in node]


def _lines(facts: Mapping[str, Node]) -> Iterator[str]:
    """What fits behind its name first, then tables and nested facts, then the notes."""
    known = [(_one_line(name), node) for name, node in facts.items() if node != _NULL]
    for name, node in sorted(known, key=lambda fact: (fact[0] == "notes", not _is_short(fact[1]))):
        if isinstance(node, Leaf):
            yield f"{name}: " + "\n  ".join(node.text.splitlines())
        elif isinstance(node, list) and name == "notes":
            yield from (f"note: {_cell(note)}" for note in node)
        elif _is_short(node):
            yield f"{name}: {_cell(node)}"
        else:
            yield f"{name}:"
            yield from (f"  {line}" for line in _lines(node)) if isinstance(node, dict) else _block(node)


def _is_short(node: Node) -> bool:
    if isinstance(node, list):
        return all(isinstance(item, Leaf) for item in node)
    return isinstance(node, Leaf) or not (node.rows if isinstance(node, Table) else node)


def _block(node: Node) -> Iterator[str]:
    if isinstance(node, Leaf):
        yield _UNKNOWN if node.value is None else node.text
    elif isinstance(node, Table):
        shown = [name for name in node.columns if any(row.get(name, _NULL) != _NULL for row in node.rows)]
        shown = shown or node.columns[:1]
        yield " | ".join(shown)
        yield from (" | ".join(_cell(row.get(name, _NULL)) for name in shown) for row in node.rows)
    else:
        yield from map(_cell, node or [[]])


def _cell(node: Node) -> str:
    if isinstance(node, Leaf):
        return _one_line(node.text)
    if isinstance(node, dict):
        known = {_one_line(name): item for name, item in node.items() if item != _NULL}
        return ", ".join(f"{k}=({_cell(v)})" if isinstance(v, dict) else f"{k}={_cell(v)}" for k, v in known.items())
    items = node.rows if isinstance(node, Table) else node
    return ("; " if any(isinstance(item, dict) for item in items) else ", ").join(map(_cell, items)) or "none"


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()).replace("|", "¦")


def _utf8(text: str) -> str:
    return text if text.isascii() else text.encode(errors="replace").decode()
