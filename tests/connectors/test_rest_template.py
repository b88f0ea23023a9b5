"""The template of a declared REST source, from a server to raw."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import SourceUnavailableError
from tests.emulators.base import Emulator, Fault, Reply, Request
from tests.emulators.lakes import TemplateLake

TOKEN = "shop-s3cret"
DAY, NEXT_DAY = date(2026, 7, 2), date(2026, 7, 3)


def order(number: int, at: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"o{number:04d}",
        "customer": {"id": f"c{number % 9}", "email": "jane@example.com"},
        "status": "paid",
        "total": {"amount": 12.5, "currency": "JPY"},
        "created_at": "2026-07-01T00:00:00Z",
        "updated_at": at,
        **more,
    }


class Shop(Emulator):
    """Orders by cursor, reviews by a search."""

    list_paths = ("data", "reviews")
    next_fields = ("meta.next_cursor",)
    stamp_fields = ("updated_at", "updated")

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.orders = [order(n, f"2026-07-01T{n // 60:02d}:{n % 60:02d}:00Z") for n in range(450)]
        self.reviews = [
            {"id": n, "author_id": f"c{n % 9}", "stars": n % 6, "updated": 1782864000 + n}
            for n in range(250)
        ]

    def reply(self, request: Request) -> Reply:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert request.headers["X-Api-Version"] == "2026-01"
        if request.path == "/orders":
            since, limit = request.query["updated_since"], int(request.query["limit"])
            found = [row for row in self.orders if row["updated_at"] >= since]
            found.sort(key=lambda row: row["updated_at"])
            at = int(request.query.get("cursor", 0))
            page = found[at : at + limit]
            following = str(at + limit) if at + limit < len(found) else None
            return Reply({"data": page, "meta": {"next_cursor": following, "count": len(page)}})
        body = request.json
        (condition,) = body["filter"]
        found = [row for row in self.reviews if row["updated"] >= condition["value"]]
        at, limit = body["paging"]["offset"], body["paging"]["limit"]
        return Reply({"reviews": found[at : at + limit], "total": len(found)})


@pytest.fixture
def lake(tmp_path: Path) -> TemplateLake:
    return TemplateLake("rest", tmp_path)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Any:
    with Shop() as emulator:
        monkeypatch.setenv("CXLOOP_SHOP_URL", emulator.url)
        monkeypatch.setenv("CXLOOP_SHOP_TOKEN", TOKEN)
        yield emulator


def test_the_template_lands_all_and_then_what_changed(shop: Shop, lake: TemplateLake) -> None:
    counts = lake.run(DAY).counts
    assert (counts.received, counts.landed, counts.quarantined) == (700, 700, 0)
    reviews = {row["response_id"]: row["score"] for row in lake.raw("feedback", DAY)}
    assert [reviews[str(n)] for n in range(3)] == [None, 1.0, 2.0]
    shop.orders[7] = order(7, "2026-07-02T08:00:00Z", status="canceled")
    shop.reviews[3] |= {"updated": 1782864249, "state": "removed"}
    shop.requests.clear()
    summary = lake.run(NEXT_DAY)
    assert [r.query["updated_since"] for r in shop.requests if r.path == "/orders"] == [
        "2026-07-01T06:59:00Z"
    ]
    (canceled,) = lake.raw("order", NEXT_DAY)
    assert (canceled["order_id"], canceled["canceled_at"] is None) == ("o0007", False)
    (removed,) = lake.raw("feedback", NEXT_DAY)
    assert (removed["response_id"], removed["deleted_at"]) == ("3", removed["version"])
    # what stood unchanged within the lookback was left out
    assert summary.counts.received == 2
    assert b"jane@" not in lake.everything()


@pytest.mark.parametrize("kind", ["status_502", "cursor_back"])
def test_a_fault_that_stays_holds_one_entity_and_the_next_run_continues(
    shop: Shop, lake: TemplateLake, kind: str
) -> None:
    system = lake.programme.sources["rest"].system
    object.__setattr__(system, "backoff_seconds", 0.0)
    shop.faults = [Fault(kind, at_request=2, times=5, path="/orders")]
    with pytest.raises(SourceUnavailableError, match=r"rest\.orders: .*after 5 attempt"):
        lake.extract(DAY)
    # the other entity was read all the same
    assert len(shop.requests) == 6 + 3
    counts = lake.run(DAY).counts
    assert (counts.received, counts.landed) == (700, 700)
