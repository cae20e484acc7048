"""The answers about accounts and their money."""

from datetime import datetime

from pydantic import BaseModel

from ttai import Answer, Balances, Money, Percent
from ttai_portfolio.models.common import RecordAnswer


class AccountRow(BaseModel):
    """One account: `margin` no means cash; `chosen` ones are meant where a tool is given none."""

    number: str
    nickname: str
    type: str
    margin: bool
    chosen: bool


class Accounts(Answer):
    """The open accounts."""

    accounts: list[AccountRow]


class BalanceRow(BaseModel):
    """One account's money in dollars, as the broker reckons it; `used_percent` of its buying power in options is tied
    up. `…_call` are margin calls that are due."""

    account: str
    net_liquidating_value: Money | None
    cash_balance: Money | None
    pending_cash: Money | None
    equity_buying_power: Money | None
    derivative_buying_power: Money | None
    day_trading_buying_power: Money | None
    used_derivative_buying_power: Money | None
    used_percent: Percent | None
    maintenance_requirement: Money | None
    maintenance_excess: Money | None
    reg_t_margin_requirement: Money | None
    long_equity_value: Money | None
    short_equity_value: Money | None
    long_derivative_value: Money | None
    short_derivative_value: Money | None
    cash_available_to_withdraw: Money | None
    maintenance_call: Money | None
    reg_t_call: Money | None
    day_trading_call: Money | None
    updated_at: datetime | None

    @classmethod
    def of(cls, one: Balances) -> "BalanceRow":
        """The broker's balances as a row."""
        used, left = one.used_derivative_buying_power, one.derivative_buying_power
        whole = None if used is None or left is None else used + left
        share = float(used / whole * 100) if used is not None and whole else None
        told = {name: getattr(one, name) for name in cls.model_fields if name != "used_percent"}
        return cls.model_validate(told | {"used_percent": share})


class BalanceTable(RecordAnswer):
    """The balances of accounts; `net_liquidating_value` is of all of them together."""

    net_liquidating_value: Money | None
    balances: list[BalanceRow]
