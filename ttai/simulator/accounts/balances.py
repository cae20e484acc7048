"""An account's money as the broker writes it."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from ttai.simulator.accounts.capital import Capital, is_cash
from ttai.simulator.accounts.customer import Json
from ttai.simulator.accounts.fees import ZERO, cents
from ttai.simulator.accounts.marks import Valued

_NOTHING = (
    "maintenance-call-value",
    "reg-t-call-value",
    "day-trading-call-value",
    "day-equity-call-value",
    "pending-cash",
    "unsettled-cryptocurrency-fiat-amount",
    "closed-loop-available-balance",
    "equity-offering-margin-requirement",
    "cryptocurrency-margin-requirement",
    "pending-margin-interest",
    "buying-power-adjustment",
    "short-cryptocurrency-value",
)


def balance_row(account: Json, cash: Decimal, valued: Sequence[Valued], capital: Capital, at: float, day: date) -> Json:
    """The balances of an account; nothing is pending here, and no call is due."""

    def worth(kinds: tuple[str, ...], side: Callable[[Decimal], bool]) -> str:
        found = (one.value for one in valued if one.asset.kind in kinds and side(one.quantity))
        return f"{abs(cents(sum(found, ZERO)))}"

    def long(quantity: Decimal) -> bool:
        return quantity > 0

    def short(quantity: Decimal) -> bool:
        return quantity < 0

    power = max(capital.power, ZERO)
    shared = 1 if is_cash(account) else 2
    free = max(min(power, cents(cash)), ZERO)
    return {
        "account-number": account["account-number"],
        "currency": "USD",
        "cash-balance": f"{cents(cash)}",
        "cash-balance-effect": "Debit" if cash < 0 else "Credit",
        "long-equity-value": worth(("Equity",), long),
        "short-equity-value": worth(("Equity",), short),
        "long-derivative-value": worth(("Equity Option",), long),
        "short-derivative-value": worth(("Equity Option",), short),
        "long-futures-value": worth(("Future",), long),
        "short-futures-value": worth(("Future",), short),
        "long-futures-derivative-value": "0.0",
        "short-futures-derivative-value": "0.0",
        "long-margineable-value": worth(("Equity",), long),
        "short-margineable-value": worth(("Equity",), short),
        "long-cryptocurrency-value": worth(("Cryptocurrency",), long),
        "long-bond-value": worth(("Fixed Income Security",), long),
        "bond-margin-requirement": worth(("Fixed Income Security",), long),
        "margin-equity": f"{capital.net_liq}",
        "net-liquidating-value": f"{capital.net_liq}",
        "equity-buying-power": f"{power * shared}",
        "derivative-buying-power": f"{power}",
        "day-trading-buying-power": f"{power * shared * shared}",
        "used-derivative-buying-power": f"{capital.options}",
        "available-trading-funds": f"{power}",
        "effective-cryptocurrency-buying-power": f"{free}",
        "cash-available-to-withdraw": f"{free}",
        "day-trade-excess": f"{power}",
        "futures-margin-requirement": f"{capital.futures}",
        "futures-overnight-margin-requirement": f"{capital.futures}",
        "futures-intraday-margin-requirement": f"{capital.futures}",
        "reg-t-margin-requirement": f"{capital.requirement}",
        "maintenance-requirement": f"{capital.requirement + capital.futures}",
        "maintenance-excess": f"{power}",
        **dict.fromkeys(_NOTHING, "0.0"),
        "pending-cash-effect": "None",
        "buying-power-adjustment-effect": "None",
        "unsettled-cryptocurrency-fiat-effect": "None",
        "snapshot-date": f"{day}",
        "updated-at": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
    }
