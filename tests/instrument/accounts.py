"""An accounting of a test's own, on either ledger, with prices that are easy to reckon with."""

from datetime import date
from decimal import Decimal
from importlib import import_module

from codeops.core.money import Quantity
from codeops.core.price import Price, Tier
from codeops.core.pricebook import PriceBook
from codeops.instrument.accounting import Accounting
from codeops.instrument.ledger.books import Books
from codeops.instrument.rates import Rates

DAY = date(2026, 11, 25)


def price(meter: str, amount: str, per: str, **options) -> Price:
    return Price(meter=meter, per=Quantity.parse(per), tiers=(Tier(Decimal(amount)),), currency="USD", **options)


def book(*prices: Price) -> PriceBook:
    return PriceBook(
        version="test-1", currency="USD", prices=prices or (price("compute.cpu", "2", "vCPU.s"), price("stripe.charge", "0.5", "{request}"))
    )


def accounting(keeper_name: str = "pure", prices: PriceBook | None = None, *, is_priced: bool = True, **options) -> Accounting:
    keeper = import_module(f"codeops.instrument.ledger.{keeper_name}")
    rates = Rates(prices or book(), {}, DAY) if is_priced else None
    return Accounting(keeper, Books(keeper), rates, **options)


def burn(steps: int = 30_000) -> int:
    x = 1
    for _ in range(steps):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
    return x
