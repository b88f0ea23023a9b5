"""A column that has become another type holds the batch; single bad values go to quarantine."""

from __future__ import annotations

import pytest

from connectors.errors import SchemaDriftError
from tests.connectors.conftest import Bench

HEADER = "id,amount,at\n"


def rows(count: int, bad: int) -> str:
    amounts = ["cheap"] * bad + ["1"] * (count - bad)
    return HEADER + "".join(f"o{n},{a},2026-07-01\n" for n, a in enumerate(amounts))


def test_mostly_words_where_numbers_were_is_drift(orders: Bench) -> None:
    orders.file("orders1.csv", rows(40, bad=21))
    with pytest.raises(SchemaDriftError) as caught:
        orders.run()
    text = str(caught.value)
    for part in ("orders1.csv", "21 of 40", "`order.amount`", "not numbers", "Mend: "):
        assert part in text
    assert "cheap" not in text
    assert not orders.raw("order")


@pytest.mark.parametrize(("count", "bad"), [(40, 20), (19, 19)])
def test_bad_values_are_quarantined(orders: Bench, count: int, bad: int) -> None:
    orders.file("orders1.csv", rows(count, bad))
    assert orders.run().counts.quarantined == bad


def test_the_file_sent_again_lands(orders: Bench) -> None:
    orders.file("orders1.csv", rows(40, bad=40))
    with pytest.raises(SchemaDriftError):
        orders.run()
    orders.file("orders1.csv", rows(40, bad=0))
    assert orders.run().counts.landed == 40
