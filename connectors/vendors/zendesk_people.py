"""Who is behind the numbers in Zendesk's objects: agent or customer, and their own number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from connectors.api.client import ApiClient

_SYSTEM = -1
_MOST_IDS = 100
_MANY_USERS = "/api/v2/users/show_many.json"
Element = dict[str, Any]


class People:
    """Users and groups met so far: id, role and external id of a user, nothing that names them."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._known: dict[int, Element] = {_SYSTEM: {"id": _SYSTEM, "role": "system"}}
        self._groups: dict[int, Element] = {}

    def meet(self, key: str, elements: Iterable[Element], body: Any) -> None:
        """Note what an answer carries along, and ask for the users that its elements refer to."""
        if key == "tickets":
            self._known |= {user["id"]: _identity(user) for user in body.get("users") or []}
            self._groups |= {
                group["id"]: {"id": group["id"], "name": group.get("name")}
                for group in body.get("groups") or []
            }
        ids = {"ticket_events": _of_events, "satisfaction_ratings": _of_ratings}.get(key)
        wanted = sorted(set(ids(elements)) - set(self._known)) if ids else []
        for first in range(0, len(wanted), _MOST_IDS):
            self._ask(wanted[first : first + _MOST_IDS])

    def get(self, number: Any) -> Element | None:
        """The user; None for a number never met."""
        return self._known.get(number)

    def group(self, number: Any) -> Element | None:
        """The group; None for a number never met."""
        return self._groups.get(number)

    def _ask(self, numbers: list[int]) -> None:
        body = self._client.get(_MANY_USERS, {"ids": ",".join(map(str, numbers))})
        users = body.get("users") if isinstance(body, dict) else None
        if not isinstance(users, list):
            mend = "tell the maintainers: Zendesk answers otherwise"
            raise self._client.drift("the answer has no `users`", mend, path=_MANY_USERS)
        # one who is deleted for good does not come: known as nobody
        self._known |= {number: {"id": number} for number in numbers}
        self._known |= {user["id"]: _identity(user) for user in users}


def ticket_with_sideloads(ticket: Element, people: People) -> Element:
    """Adds ``_requester``, ``_group`` and ``_custom_fields``, which can be addressed by id."""
    fields = ticket.get("custom_fields")
    by_id = {str(field.get("id")): field.get("value") for field in fields or []}
    return {
        **ticket,
        "_requester": people.get(ticket.get("requester_id")),
        "_group": people.group(ticket.get("group_id")),
        "_custom_fields": by_id,
    }


def event_with_people(event: Element, people: People) -> Element:
    """Adds ``_updater``, each comment's ``_author``, and ``_opens``: whether it made the ticket."""
    children = event.get("child_events")
    if not isinstance(children, list):
        return {**event, "_updater": people.get(event.get("updater_id")), "_opens": False}
    return {
        **event,
        "child_events": [
            {**child, "_author": people.get(_author_of(child, event))}
            if child.get("event_type") == "Comment"
            else child
            for child in children
        ],
        "_updater": people.get(event.get("updater_id")),
        "_opens": any(child.get("event_type") == "Create" for child in children),
    }


def rating_with_people(rating: Element, people: People) -> Element:
    """Adds ``_requester``."""
    return {**rating, "_requester": people.get(rating.get("requester_id"))}


def _identity(user: Element) -> Element:
    return {key: user.get(key) for key in ("id", "role", "external_id")}


def _author_of(child: Element, event: Element) -> Any:
    # without its own author a comment is the updater's
    return child.get("author_id", event.get("updater_id"))


def _of_events(events: Iterable[Element]) -> Iterator[int]:
    for event in events:
        children = event.get("child_events") or []
        comments = [child for child in children if child.get("event_type") == "Comment"]
        for number in (event.get("updater_id"), *(_author_of(child, event) for child in comments)):
            if isinstance(number, int):
                yield number


def _of_ratings(ratings: Iterable[Element]) -> Iterator[int]:
    for rating in ratings:
        if isinstance(rating.get("requester_id"), int):
            yield rating["requester_id"]
