"""What a column of a file can be, and which names usually mean it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """`low` and `high` bound its values; `names` are the headings it is guessed from."""

    name: str
    names: tuple[str, ...]
    low: float | None = None
    high: float | None = None

    @property
    def is_number(self) -> bool:
        return self.name not in KEYS


KEYS = ("series", "store", "product", "ds")
ROLES = {
    role.name: role
    for role in (
        Role("series", ("unique_id", "series", "series_id")),
        Role("store", ("store", "store_id", "store_nbr", "shop", "shop_id", "outlet", "location")),
        Role("product", ("product", "product_id", "item", "item_id", "item_nbr", "sku", "article")),
        Role("ds", ("ds", "date", "dt", "day", "timestamp", "datetime", "week_start", "month")),
        Role(
            "quantity",
            (
                *("quantity", "y", "qty", "sales", "units", "units_sold", "unit_sales"),
                *("sale_amount", "demand", "sold", "volume"),
            ),
        ),
        Role("price", ("price", "unit_price", "sell_price", "selling_price"), low=0),
        Role("discount", ("discount",)),
        Role("promo", ("promo", "promotion", "onpromotion", "on_promotion", "activity_flag"), 0, 1),
        Role("open", ("open", "is_open"), 0, 1),
        Role("stockout_share", ("stockout_share", "stockout", "out_of_stock"), 0, 1),
        Role("stock", ("stock", "stock_on_hand", "on_hand", "inventory")),
        Role("holiday", ("holiday", "is_holiday", "holiday_flag"), 0, 1),
    )
}
NUMBERS = tuple(name for name, role in ROLES.items() if role.is_number)
KNOWN_AHEAD = frozenset({"price", "discount", "promo", "open", "holiday"})


def plain(heading: str) -> str:
    """Return a heading as names are compared: lower case, words joined by underscores."""
    return heading.strip().lower().replace(" ", "_").replace("-", "_").replace(".", "_")
