"""The simple form: which meter, unit and place each of its few keys stands for."""

from decimal import Decimal

from codeops.core.errors import InvalidPrice
from codeops.core.money import Quantity
from codeops.core.price import Multiplier, Price, Tier
from codeops.core.unit import EXACT
from codeops.document import Document
from codeops.prices.form import SimpleFile

__all__ = ["OVERHEAD", "multipliers_of", "prices_of"]

OVERHEAD = ("platform", "container_overhead_pct")
"""The key that holds percent."""

_MEANING = {
    ("compute", "vcpu_hour"): ("compute.cpu", "vCPU.h"),
    ("compute", "mem_gib_hour"): ("compute.memory", "GiB.h"),
    ("storage", "s3_get"): ("aws.s3.get", "{request}"),
    ("storage", "s3_put"): ("aws.s3.put", "{request}"),
    ("storage", "s3_gib_month"): ("aws.s3.storage", "GiB.mo"),
    ("network", "egress_gib"): ("network.egress", "GiB"),
}


def prices_of(document: Document, file: SimpleFile, layer: int) -> list[Price]:
    """The prices of a file in the simple form; S3 requests are priced one by one, as it says.

    Raises: InvalidPrice with file and line.
    """
    prices = []
    for (table, key), (meter, per) in _MEANING.items():
        amount: Decimal | None = getattr(getattr(file, table), key)
        if amount is not None:
            prices.append(
                Price(
                    meter=meter,
                    per=Quantity.parse(per),
                    tiers=(Tier(amount),),
                    currency=file.meta.currency,
                    layer=layer,
                    origin=document.locate(table, key),
                )
            )
    return prices


def multipliers_of(document: Document, file: SimpleFile) -> list[Multiplier]:
    """The container overhead as a factor on compute prices: 8 is 8 %, a factor of 1.08.

    Raises: InvalidPrice with file and line.
    """
    percent = file.platform.container_overhead_pct
    if percent is None:
        return []
    place = document.locate(*OVERHEAD)
    if not percent.is_finite() or percent < 0:
        raise InvalidPrice(
            f"the container overhead is {percent} %",
            why="overhead adds to a price: zero or more",
            fix="write 8 for 8 %; a discount is a [[multiplier]] of the full form",
            location=place,
        )
    factor = EXACT.add(Decimal(1), EXACT.divide(percent, Decimal(100)))
    return [Multiplier(name="container overhead", factor=factor, meters=("compute.*",), origin=place)]
