"""Which accounts there are, and their money."""

from ttai import Host, NotFound
from ttai_portfolio.gathering import of_each
from ttai_portfolio.lines import total
from ttai_portfolio.models.accounts import AccountRow, Accounts, BalanceRow, BalanceTable
from ttai_portfolio.models.common import failed, name_of
from ttai_portfolio.tools.arguments import Account


class AccountTools:
    """Accounts as answers."""

    def __init__(self, host: Host) -> None:
        self._broker = host.broker
        self._clock = host.clock

    async def list_accounts(self) -> Accounts:
        """List the accounts with their numbers, nicknames and kind. Use it when a tool should be asked of one of them:
        its number or nickname is the `account` of every other tool."""
        accounts = await self._broker.accounts()
        notes = accounts.notes("accounts")
        try:
            chosen = {one.number for one in await self._broker.chosen(None)}
        except NotFound as error:  # TASTYTRADE_ACCOUNT names another, or there is none
            chosen, notes = set(), [*notes, error.message]
        rows = [
            AccountRow(
                number=one.number,
                nickname=one.nickname,
                type=one.type,
                margin=one.margin,
                chosen=one.number in chosen,
            )
            for one in accounts
        ]
        return Accounts(accounts=rows, notes=notes)

    async def get_balances(self, account: Account = None) -> BalanceTable:
        """Get net liq, cash, buying power and margin of accounts. Use it for "how much can I still trade?"."""
        accounts = await self._broker.chosen(account)
        read = await of_each(accounts, self._broker.balances)
        rows = [BalanceRow.of(one) for one in read.answers.values()]
        notes = ["net_liquidating_value is without the accounts that failed"] if read.failures else []
        if lacking := [row.account for row in rows if row.net_liquidating_value is None]:
            notes.append(f"net_liquidating_value of all together null: that of {', '.join(lacking)} is not known")
        return BalanceTable(
            as_of=self._clock.now(),
            accounts=[name_of(one) for one in accounts if one.number in read.answers],
            failed=failed(read.failures),
            net_liquidating_value=total([row.net_liquidating_value for row in rows]),
            balances=rows,
            notes=notes,
        )

    async def resource(self) -> BalanceTable:
        """All accounts."""
        return await self.get_balances("all")
