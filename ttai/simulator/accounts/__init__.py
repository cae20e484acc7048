"""The customer's accounts: what is held there, what happened to it, what it is worth."""

from ttai.simulator.accounts.customer import ACCOUNTS, CUSTOMER, OPEN, Json

__all__ = ["ACCOUNTS", "CUSTOMER", "OPEN", "Json"]
