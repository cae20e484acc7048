"""The customer of the simulated broker and the accounts held there."""

from typing import Any

Json = dict[str, Any]

_ADDRESS: Json = {
    "city": "Chicago",
    "country": "USA",
    "is-domestic": True,
    "is-foreign": False,
    "postal-code": "60607",
    "state-region": "IL",
    "street-one": "1330 W Fulton Market",
}

_MARGIN_TYPES = [{"name": "Reg T", "is-margin": True}, {"name": "Cash", "is-margin": False}]

CUSTOMER: Json = {
    "id": "me",
    "external-id": "C0007105",
    "first-name": "Dana",
    "last-name": "Whitfield",
    "address": _ADDRESS,
    "mailing-address": _ADDRESS,
    "is-foreign": False,
    "regulatory-domain": "USA",
    "usa-citizenship-type": "Citizen",
    "mobile-phone-number": "+13125550142",
    "birth-date": "1981-04-17",
    "email": "dana.whitfield@example.com",
    "tax-number-type": "SSN",
    "tax-number": "*****6789",
    "citizenship-country": "USA",
    "agreed-to-margining": True,
    "agreed-to-terms": True,
    "subject-to-tax-withholding": False,
    "has-industry-affiliation": False,
    "has-listed-affiliation": False,
    "has-political-affiliation": False,
    "has-delayed-quotes": False,
    "has-pending-or-approved-application": True,
    "is-professional": False,
    "identifiable-type": "Person",
    "permitted-account-types": [
        {
            "name": name,
            "description": description,
            "is-tax-advantaged": advantaged,
            "is-publicly-available": True,
            "has-multiple-owners": False,
            "margin-types": _MARGIN_TYPES,
        }
        for name, description, advantaged in (
            ("Individual", "Individual Account", False),
            ("Roth IRA", "Roth Individual Retirement Account", True),
        )
    ],
    "created-at": "2019-02-11T15:20:41.000+00:00",
    "person": {
        "external-id": "P0007105",
        "first-name": "Dana",
        "last-name": "Whitfield",
        "birth-date": "1981-04-17",
        "citizenship-country": "USA",
        "usa-citizenship-type": "Citizen",
        "employment-status": "EMPLOYED",
        "marital-status": "MARRIED",
        "number-of-dependents": 1,
        "occupation": "Engineer",
    },
}


def _account(number: str, nickname: str, kind: str, *, margin: str, level: str, opened: str, closed: str = "") -> Json:
    """An account as the broker describes it."""
    return {
        "account-number": number,
        "external-id": f"A{number}",
        "opened-at": opened,
        "created-at": opened,
        "nickname": nickname,
        "account-type-name": kind,
        "day-trader-status": False,
        "is-closed": bool(closed),
        **({"closed-at": closed} if closed else {}),
        "is-firm-error": False,
        "is-firm-proprietary": False,
        "is-foreign": False,
        "is-futures-approved": margin == "Margin",
        "is-test-drive": False,
        "margin-or-cash": margin,
        "funding-date": opened[:10],
        "investment-objective": "SPECULATION" if margin == "Margin" else "GROWTH",
        "suitable-options-level": level,
    }


ACCOUNTS = {
    account["account-number"]: account
    for account in (
        _account(
            "5WT00718",
            "Trading",
            "Individual",
            margin="Margin",
            level="No Restrictions",
            opened="2019-02-14T16:05:12.000+00:00",
        ),
        _account(
            "5WT00934",
            "Retirement",
            "Roth IRA",
            margin="Cash",
            level="Defined Risk Spreads",
            opened="2021-03-02T17:44:09.000+00:00",
        ),
        _account(
            "5WT01122",
            "Income",
            "Individual",
            margin="Margin",
            level="No Restrictions",
            opened="2022-09-06T14:12:55.000+00:00",
        ),
        _account(
            "5WT00345",
            "Old IRA",
            "Traditional IRA",
            margin="Cash",
            level="Covered And Cash Secured",
            opened="2017-05-22T15:31:00.000+00:00",
            closed="2021-03-19T20:00:00.000+00:00",
        ),
    )
}
"""Every account there ever was; a closed one is listed, and has nothing that could be asked for."""

OPEN = {number: account for number, account in ACCOUNTS.items() if not account["is-closed"]}
