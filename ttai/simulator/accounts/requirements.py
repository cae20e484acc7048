"""What the positions of an account tie up, underlying by underlying, as the broker writes it."""

from decimal import Decimal

from ttai.simulator.accounts.capital import Capital, is_cash
from ttai.simulator.accounts.customer import Json
from ttai.simulator.accounts.fees import cents


def requirement_report(account: Json, capital: Capital, at: float) -> Json:
    """The margin report: one group an underlying."""
    method = "Cash" if is_cash(account) else "Reg T"
    asked = capital.requirement + capital.futures
    return {
        "account-number": account["account-number"],
        "description": "Total",
        "margin-calculation-type": method,
        "option-level": account["suitable-options-level"],
        **_signed("margin-requirement", -asked),
        **_signed("initial-requirement", -asked),
        **_signed("maintenance-requirement", -asked),
        **_signed("margin-equity", capital.net_liq),
        **_signed("option-buying-power", capital.power),
        **_signed("reg-t-margin-requirement", -capital.requirement),
        **_signed("reg-t-option-buying-power", capital.power),
        **_signed("maintenance-excess", capital.power),
        "last-state-timestamp": round(at * 1000),
        "groups": [
            {
                "description": underlying,
                "code": underlying,
                "underlying-symbol": underlying,
                "underlying-type": "Equity",
                "margin-calculation-type": method,
                **_signed("margin-requirement", -_dollars(margin.requirement)),
                **_signed("initial-requirement", -_dollars(margin.requirement)),
                **_signed("maintenance-requirement", -_dollars(margin.requirement)),
                **_signed("buying-power", -_dollars(margin.buying_power)),
            }
            for underlying, margin in capital.groups
        ],
    }


def _dollars(amount: float) -> Decimal:
    return cents(Decimal(str(amount)))


def _signed(name: str, value: Decimal) -> Json:
    return {name: f"{abs(value)}", f"{name}-effect": "Debit" if value < 0 else "Credit" if value else "None"}
