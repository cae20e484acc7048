"""Symbols: what people type, what the OCC writes, what the feed calls it."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttai.quant.symbols import (
    INDICES,
    Option,
    candle_symbol,
    kind,
    normalize,
    parse_occ,
    parse_streamer,
    plain_candle,
    streamer_symbol,
    underlying,
)

roots = st.from_regex(r"[A-Z]{1,5}[0-9]?", fullmatch=True)
options = st.builds(
    Option,
    root=roots,
    expiration=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    type=st.sampled_from("CP"),
    strike=st.integers(1, 99_999_999).map(lambda thousandths: Decimal(thousandths) / 1000),
)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        (" spy\n", "SPY"),
        ("BRK.B", "BRK/B"),
        ("brk/b", "BRK/B"),
        ("BRK-B", "BRK/B"),
        ("^VIX", "VIX"),
        ("$spx", "SPX"),
        ("AAPL7", "AAPL7"),
        ("SPY   260821C00500000", "SPY   260821C00500000"),
        ("SPY260821C00500000", "SPY   260821C00500000"),
        ("spy 260821p00012500", "SPY   260821P00012500"),
        (".SPY260821C500", "SPY   260821C00500000"),
        (".SPY260821C12.5", "SPY   260821C00012500"),
        (".AAPL7260821C85.71", "AAPL7 260821C00085710"),
        ("/esm26", "/ESM26"),
        ("/ESM26:XCME", "/ESM26:XCME"),
        ("./ESZ6 EW4U6 260925P2975", "./ESZ6 EW4U6 260925P2975"),
        ("btc/usd", "BTC/USD"),
        ("BTC/USD:CXTALP", "BTC/USD:CXTALP"),
    ],
)
def test_whatever_is_typed_is_written_one_way(typed: str, written: str) -> None:
    assert normalize(typed) == written
    assert normalize(written) == written


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "   ",
        "$",
        "SPY; DROP",
        "SP\nY",
        "ＳＰＹ",
        "ßPY",
        "A" * 41,
        "TOOLONGSYMBOL",
        "1234",
        "/",
        "BRK//B",
        " " * 90,
    ],
)
def test_junk_is_refused_with_what_a_symbol_looks_like(junk: str) -> None:
    with pytest.raises(ValueError, match="a symbol looks like SPY, BRK/B") as refusal:
        normalize(junk)
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("text", ["SPY   260230C00500000", ".SPY260230C500", "SPY   261301C00500000"])
def test_a_date_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date"):
        normalize(text)


@pytest.mark.parametrize(
    "text",
    [
        "SPY   260821C00500000X",
        "SPY   260821C0050000",
        "SPY   260821X00500000",
        "SPY   260821C00500000\n",
        "spy   260821C00500000",
        "2601  260821C00500000",
        "SPY",
    ],
)
def test_only_the_occ_form_parses_as_occ(text: str) -> None:
    with pytest.raises(ValueError, match="not an OCC option symbol"):
        parse_occ(text)


@pytest.mark.parametrize("text", ["SPY260821C500", ".SPY260821C500.1234", ".SPY260821C500 ", ".SPY260821C"])
def test_only_the_feed_s_form_parses_as_such(text: str) -> None:
    with pytest.raises(ValueError, match="not a streamer option symbol"):
        parse_streamer(text)


def test_an_adjusted_root_stays_and_its_strike_is_exact() -> None:
    option = parse_occ("AAPL7 260821P00085715")
    assert option == Option("AAPL7", date(2026, 8, 21), "P", Decimal("85.715"))
    assert option.streamer == ".AAPL7260821P85.715"


@given(options)
def test_every_option_survives_every_spelling(option: Option) -> None:
    assert len(option.occ) == 21
    assert parse_occ(option.occ) == option
    assert parse_occ(option.occ.replace(" ", "")) == option
    assert parse_streamer(option.streamer) == option
    assert normalize(option.streamer.lower()) == option.occ
    assert streamer_symbol(option.occ) == option.streamer


@given(st.text(max_size=60))
def test_any_text_is_a_symbol_for_good_or_a_value_error(text: str) -> None:
    try:
        symbol = normalize(text)
    except ValueError:
        return
    assert normalize(symbol) == symbol
    assert normalize(streamer_symbol(symbol)) == symbol
    assert kind(text) == kind(symbol)


@pytest.mark.parametrize(
    ("root", "expiration", "type_", "strike", "complaint"),
    [
        ("TOOLONG", date(2026, 8, 21), "C", "500", "root"),
        ("", date(2026, 8, 21), "C", "500", "root"),
        ("SPY", date(1999, 8, 21), "C", "500", "2000 to 2099"),
        ("SPY", date(2026, 8, 21), "call", "500", "C or P"),
        ("SPY", date(2026, 8, 21), "C", "0", "strike"),
        ("SPY", date(2026, 8, 21), "C", "100000", "strike"),
        ("SPY", date(2026, 8, 21), "C", "500.0001", "strike"),
        ("SPY", date(2026, 8, 21), "C", "NaN", "strike"),
        ("SPY", date(2026, 8, 21), "C", "Infinity", "strike"),
    ],
)
def test_an_option_that_can_t_be_written_can_t_be_made(
    root: str, expiration: date, type_: str, strike: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Option(root, expiration, type_, Decimal(strike))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("SPY", "equity"),
        ("BRK.B", "equity"),
        ("$SPX", "index"),
        ("vix", "index"),
        ("SPXW  260821C07400000", "option"),
        (".SPY260821C500", "option"),
        ("/ESM26:XCME", "future"),
        ("./ESZ6 EW4U6 260925P2975", "future_option"),
        ("BTC/USD", "crypto"),
    ],
)
def test_the_kind_of_a_symbol(symbol: str, expected: str) -> None:
    assert kind(symbol) == expected


@pytest.mark.parametrize("index", sorted(INDICES))
def test_an_index_is_written_as_it_is(index: str) -> None:
    assert normalize(f"^{index.lower()}") == streamer_symbol(index) == index


@pytest.mark.parametrize("symbol", ["SPY", "BRK/B", "VIX", "/ESM26:XCME", "BTC/USD:CXTALP"])
def test_the_feed_knows_all_but_options_by_their_name(symbol: str) -> None:
    assert streamer_symbol(symbol) == symbol


@pytest.mark.parametrize(
    ("symbol", "period", "extended", "feed"),
    [
        ("spy", "1d", False, "SPY{=d,tho=true}"),
        ("SPY", "5m", False, "SPY{=5m,tho=true}"),
        ("brk.b", "1h", True, "BRK/B{=h}"),
        ("SPX", "1w", False, "SPX{=w,tho=true}"),
        ("SPY   261218C00680000", "15m", False, ".SPY261218C680{=15m,tho=true}"),
    ],
)
def test_the_feed_has_a_symbol_for_the_bars_of_each_symbol(symbol: str, period: str, extended: bool, feed: str) -> None:
    assert candle_symbol(symbol, period, extended=extended) == feed


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("SPY{=1d,tho=true}", "SPY{=d,tho=true}"),
        ("SPY{tho=true,=1m}", "SPY{=m,tho=true}"),
        ("SPY{=15m}", "SPY{=15m}"),
        ("SPY", "SPY"),
    ],
)
def test_spellings_of_a_candle_symbol_are_one(text: str, plain: str) -> None:
    assert plain_candle(text) == plain


def test_a_root_belongs_to_its_underlying() -> None:
    assert [underlying(name) for name in ("spxw", "BRKB", "brk.b", "SPX", "AAPL")] == [
        "SPX",
        "BRK/B",
        "BRK/B",
        "SPX",
        "AAPL",
    ]
    with pytest.raises(ValueError, match="is not a symbol"):
        underlying("???")
