"""What is past its time goes in one call, and the rows it made stay."""

from __future__ import annotations

from datetime import date, timedelta

from connectors.forgetting import forget
from ledger import Ledger
from tests.connectors.conftest import DAY, ORDERS, Bench


def test_old_payloads_go_and_their_rows_stay(orders: Bench) -> None:
    orders.source(ORDERS.rstrip() + "\n    retention: {landing_days: 30}\n")
    orders.ledger = Ledger.open(f"sqlite:///{orders.root / 'ledger.db'}")  # type: ignore[assignment]
    orders.file("orders1.csv", "id,amount,at\na,1,2026-07-01\n")
    orders.run()
    later = DAY + timedelta(days=60)
    orders.file("orders2.csv", "id,amount,at\nb,2,2026-07-02\n")
    orders.run(later)

    def forgotten(as_of: date) -> str:
        place = (orders.programme, orders.settings, orders.ledger)
        return str(forget(*place, "src", as_of=as_of, run_id="night"))  # type: ignore[arg-type]

    assert "nothing was past its time" in forgotten(DAY + timedelta(days=20))
    assert len(orders.received("orders")) == 2
    assert "nothing was past its time" not in forgotten(later)
    assert orders.received("orders") == [b"id,amount,at\nb,2,2026-07-02\n"]
    assert [row["order_id"] for row in orders.raw("order")] == ["a"]
    assert "nothing was past its time" in forgotten(later)
