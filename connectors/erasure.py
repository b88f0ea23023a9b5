"""Removes a person everywhere, proves it, and keeps them away when a vendor sends them again.

Everything is searched first, and what was found is kept in the ledger (without the id) before
anything is removed. Every step replaces whole files, so that a process that is killed anywhere
leaves an erasure that the same command completes.

Landing, ``raw``, ``quarantine``, received webhooks, manifests, notes and the warehouse hold rows of
persons. Editions and reports hold figures about groups; they are searched and never changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from connectors.batches import remove_orphans
from connectors.certificates import Certificate, Place, Verification
from connectors.erased import Erased, IdHashes
from connectors.erasing_files import DeliverySearch, notes_with, scrub_note
from connectors.erasing_landing import LandingSearch
from connectors.erasing_outputs import OutputSearch
from connectors.errors import ConnectorError, UnusableDeclarationError
from connectors.lake import Lake, remove_unfinished, sha256_of
from connectors.landing import land
from connectors.personal import Privacy
from connectors.persons import PERSON, Either, Persons
from connectors.scrubbing import Tokens
from connectors.searching import search
from ledger import Erasure, Ledger
from programme import Programme, Settings


class OtherPlace(Protocol):
    """A place outside the lake that holds rows of persons, such as the warehouse."""

    name: str

    def rows(self, ids: Sequence[str]) -> dict[str, int]:
        """Table or file -> rows that are theirs."""

    def erase(self) -> None:
        """Make it anew from the lake, which no longer holds them."""


@dataclass(frozen=True)
class Request:
    """Who is to be removed.

    Attributes:
        ids: The person's ids, as any source writes them.
        reason: Why, for the ledger; must not hold an id.
    """

    ids: tuple[str, ...]
    reason: str

    def require_usable(self) -> None:
        """Refuse a request that cannot be carried out, or would keep the id.

        Raises:
            UnusableDeclarationError: no id, an empty one, or one that stands in the reason.
        """
        what, mend = "", ""
        if not self.ids or any(not one.strip() for one in self.ids):
            what, mend = "an id is empty", "name the person's id as the sources write it"
        elif any(one in self.reason for one in self.ids):
            what, mend = "the reason holds the id", "name the request's number instead"
        if what:
            raise UnusableDeclarationError(what, source="privacy", mend=mend)


class PersonErasure:
    """One erasure: survey, carry out, verify."""

    def __init__(
        self,
        programme: Programme,
        settings: Settings,
        ledger: Ledger,
        request: Request,
        *,
        environment: Mapping[str, str],
        others: Sequence[OtherPlace] = (),
    ) -> None:
        request.require_usable()
        self.programme = programme
        self.settings = settings
        self.ledger = ledger
        self.request = request
        self.others = others
        self.hashing = IdHashes.of(environment)
        # hashed columns hold the keyed hash that landing gives an id
        hashed = Privacy({}, self.hashing.key).hashed
        self.ids = tuple(dict.fromkeys([*request.ids, *map(hashed, request.ids)]))
        self.persons = Persons({PERSON: set(self.ids)})
        self.tokens = Tokens.of(self.ids)
        # an attempt that was cut off may have removed the rows by which these were known
        begun = Erased(ledger.erased_ids(self.erasure_id), self.hashing)
        self.who = Either(self.persons, begun)

    @property
    def erasure_id(self) -> str:
        """Names the erasure; the same ids, the same name."""
        return self.hashing.of_request(self.request.ids)

    def survey(self) -> list[Place]:
        """Everything that holds something of theirs; changes nothing."""
        while True:
            found = list(self._lake_places())
            # what hangs on an interaction of theirs is found once that interaction is known
            if not self._learn():
                break
        found += [
            Place("webhooks", self._name(path), rows, 0)
            for source in self.programme.sources
            for path, rows in self._deliveries(source).places()
        ]
        notes = notes_with(self.settings.home, self.tokens)
        found += [Place("notes", self._name(path), 0, hits) for path, hits in notes]
        for other in self.others:
            rows_by_table = other.rows(self.ids)
            found += [Place(other.name, table, n, 0) for table, n in rows_by_table.items() if n]
        return found

    def carry_out(self, places: Sequence[Place], *, now: datetime, run_id: str) -> Certificate:
        """Remove what was surveyed, and what has come since; then verify.

        The ledger keeps the request before anything is removed and the certificate at the end,
        unless something of theirs is left: the erasure then stays open.

        Raises:
            LakeWriteError: when the disk is full; the same command completes the erasure.
            LakeBusyError: when a run holds a source for longer than ten minutes.
        """
        erasure = self._begin(places, now)
        plan = [Place(**place) for place in json.loads(erasure.plan)]
        troubles: list[str] = []
        for source in self.programme.sources:
            self._erase_in_lake(source)
            self._deliveries(source).erase()
            # also where an attempt that was cut off has rewritten the batches already
            if any(_is_of(source, place) for place in plan):
                troubles += self._land(source, run_id)
        for path, _ in notes_with(self.settings.home, self.tokens):
            scrub_note(path, self.tokens)
        for other in self.others:
            if any(place.layer == other.name for place in plan):
                other.erase()
        certificate = Certificate(
            erasure_id=self.erasure_id,
            reason=erasure.reason,
            requested_at=erasure.requested_at,
            completed_at=now,
            places=tuple(plan),
            digests=self._digests(plan),
            verification=self.verify(),
            troubles=tuple(troubles),
        )
        if certificate.is_complete:
            self.ledger.complete_erasure(self.erasure_id, certificate.as_json(), now=now)
        return certificate

    def verify(self) -> Verification:
        """Search everything again: the rows by the mappings, and every byte for the ids."""
        left = self.survey()
        home = self.settings.home
        searched = search(home, self.tokens, leave_out=[self.settings.data_root])
        return Verification(
            rows_left=tuple(left),
            files=searched.files,
            size=searched.size,
            hits=searched.hits,
            unread=searched.unread,
            words=len(self.tokens.words),
            too_short=sum(one not in self.tokens.words for one in self.ids),
        )

    def _begin(self, places: Sequence[Place], now: datetime) -> Erasure:
        earlier = {one.erasure_id: one for one in self.ledger.erasures()}.get(self.erasure_id)
        plan = {(place.layer, place.path): place for place in places}
        if earlier is not None and earlier.completed_at is None:
            # an attempt that was cut off has removed some of what it found
            for content in json.loads(earlier.plan):
                known = Place(**content)
                key = (known.layer, known.path)
                plan[key] = known.at_least(plan.get(key))
        hashes = [
            (kind, self.hashing.of_id(kind, value))
            for kind, values in self.persons.ids.items()
            for value in values
        ]
        content = [asdict(plan[key]) for key in sorted(plan)]
        return self.ledger.begin_erasure(
            Erasure(
                erasure_id=self.erasure_id,
                key_check=self.hashing.check(),
                reason=self.request.reason,
                requested_at=now,
                completed_at=None,
                plan=json.dumps(content, ensure_ascii=False),
                certificate=None,
            ),
            hashes,
        )

    def _erase_in_lake(self, source: str) -> None:
        lake = self._lake(source)
        with lake.locked():
            for entity in self.programme.sources[source].entities:
                # what a killed run left half-written may hold them too
                remove_orphans(lake, entity)
            for folder in lake.root.glob(f"*/*/source={source}/load_date=*"):
                remove_unfinished(folder)
            landed = self._landing(source)
            landed.clear_up()
            for place in landed.places():
                if place.rows or place.changed:
                    landed.rewrite(place)
            outputs = self._outputs(source)
            for output in outputs.places():
                outputs.rewrite(output)

    def _land(self, source: str, run_id: str) -> list[str]:
        try:
            land(self.programme, self.settings, self.ledger, source, run_id=run_id)
        except ConnectorError as error:
            return [str(error), *getattr(error, "__notes__", ())]
        return []

    def _lake_places(self) -> Iterator[Place]:
        self._links: list[dict[str, set[str]]] = []
        for source in self.programme.sources:
            outputs, landed = self._outputs(source), self._landing(source)
            for output in outputs.places():
                yield Place(output.layer, self._name(output.path), output.rows, output.changed)
            for batch in landed.places():
                rows, changed = batch.rows, batch.changed
                if rows or changed:
                    yield Place("landing", self._name(batch.path), rows, changed)
            self._links += [outputs.links, landed.links]

    def _learn(self) -> bool:
        learned = [self.persons.learn(links) for links in self._links]
        return any(learned)

    def _digests(self, places: Sequence[Place]) -> dict[str, str]:
        paths = {place.path: self.settings.home / place.path for place in places}
        return {name: sha256_of(path) for name, path in paths.items() if path.is_file()}

    def _name(self, path: Path) -> str:
        return path.relative_to(self.settings.home).as_posix()

    def _lake(self, source: str) -> Lake:
        return Lake(self.settings.lake, source)

    def _landing(self, source: str) -> LandingSearch:
        return LandingSearch(self.programme, self._lake(source), self.who, self.tokens)

    def _outputs(self, source: str) -> OutputSearch:
        return OutputSearch(self.programme, self._lake(source), self.who, self.tokens)

    def _deliveries(self, source: str) -> DeliverySearch:
        home = self.settings.home
        return DeliverySearch(self.programme, home, source, self.who, self.tokens)


def _is_of(source: str, place: Place) -> bool:
    return f"/landing/{source}/" in place.path or f"/source={source}/" in place.path
