from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from analysis.editions import (
    edition_file,
    freeze_benchmark,
    freeze_benchmarks,
    freeze_due_benchmarks,
    freeze_due_experiments,
    freeze_experiment,
    freeze_experiment_if_due,
    read_edition,
)
from analysis.errors import EditionError
from analysis.warehouse import MultipleExposureRow
from ledger import Build, Ledger, Load
from programme import Programme, Settings
from programme.benchmarks import Company
from programme.experiments import Experiment
from programme.sources import Source

from . import test_benchmark, test_experiment
from .worlds import KIND, metric, plan, unit_counts, write_warehouse

ID = "benchmark/half_yearly/2026H1/r1"


def programme_of(root: Path, experiments: Mapping[str, Experiment]) -> Programme:
    words = {"en": "x", "ja": "あ"}
    company = Company.model_validate(
        {
            "name": words, "timezone": "Asia/Tokyo", "currency": "JPY", "sender": "a@b.example",
            "allowed_domains": ["b.example"],
            "roles": {"board": {"title": words, "language": "ja"}},
        }
    )  # fmt: skip
    entity = {"files": {"pattern": "*.csv"}, "records": [{"record": "order", "fields": {}}]}
    source = Source.model_validate(
        {"description": "x", "owner": "x", "system": {"kind": "files"}, "entities": {"e": entity}}
    )
    return Programme(
        root=root,
        company=company,
        sources={"crm": source, "helpdesk": source},
        surveys={"relationship": test_benchmark.survey()},
        experiments=experiments,
        benchmarks={"half_yearly": test_benchmark.benchmark()},
        reports={},
        files={},
        texts={},
    )


def manifest() -> dict[str, object]:
    columns = {}
    for name in KIND:
        meta = {key: value for key, value in metric(name).as_dict().items() if key != "fact"}
        columns[f"{name}_numerator"] = {"name": f"{name}_numerator", "config": {"meta": meta}}
    node = {"name": "fct_survey_responses", "resource_type": "model", "columns": columns}
    return {"nodes": {"model.cxloop.fct_survey_responses": node}}


class World:
    """A built warehouse, a ledger that knows it, and a programme."""

    def __init__(self, home: Path, *, template: Path | None = None) -> None:
        environment = {"CXLOOP_HOME": str(home), "CXLOOP_PROGRAMME": str(home / "programme")}
        self.settings = Settings.from_environment(environment)
        self.programme = programme_of(home, {"callback": plan()})
        if template is None:
            home.mkdir(parents=True)
        else:
            shutil.copytree(template, home)
        self.ledger = Ledger.open(self.settings.ledger_url)
        if template is None:
            self._fill()

    def _fill(self) -> None:
        rng = np.random.default_rng(1)
        rows = [
            *test_benchmark.wave_rows(rng),
            *test_benchmark.drivers(rng),
            *test_experiment.world(rng),
            *unit_counts({"usual": 3000, "callback": 3000}),
            MultipleExposureRow("callback", 4),
        ]
        write_warehouse(self.settings.warehouse, rows)
        self.settings.dbt_state.mkdir(parents=True)
        file = self.settings.dbt_state / "manifest.json"
        file.write_text(json.dumps(manifest()), encoding="utf-8")

    @property
    def place(self) -> tuple[Programme, Settings, Ledger]:
        return self.programme, self.settings, self.ledger

    def load(self, source: str, day: date) -> None:
        self.ledger.record_load(Load(source, day, "f", 10, 9, 1, 0, None))

    def built(self, day: date) -> None:
        self.ledger.record_build(Build("lake", day, 40, 0))

    def all_in(self, day: date) -> None:
        self.load("crm", day)
        self.load("helpdesk", day)
        self.built(day)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return World(tmp_path_factory.mktemp("template") / "home").settings.home


@pytest.fixture
def world(tmp_path: Path, template: Path) -> World:
    return World(tmp_path / "home", template=template)


@pytest.mark.parametrize(
    ("day", "is_due"),
    [(date(2026, 7, 4), False), (date(2026, 7, 5), True), (date(2026, 8, 1), True)],
)
def test_an_edition_is_due_when_its_days_of_grace_are_over(
    world: World, day: date, is_due: bool
) -> None:
    world.all_in(day)
    assert freeze_due_benchmarks(*world.place) == ([ID] if is_due else [])


def test_it_waits_for_every_source(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.load("crm", date(2026, 7, 5))
    world.load("helpdesk", date(2026, 7, 4))
    world.built(date(2026, 7, 5))
    (outcome,) = freeze_benchmarks(*world.place, wave=None)
    assert outcome.state == "waiting"
    assert "helpdesk" in str(outcome)
    assert "helpdesk" in caplog.text
    assert world.ledger.editions() == []
    world.load("helpdesk", date(2026, 7, 6))
    assert freeze_due_benchmarks(*world.place) == [ID]


def test_a_frozen_edition_does_not_move(world: World) -> None:
    world.all_in(date(2026, 7, 5))
    assert freeze_due_benchmarks(*world.place) == [ID]
    file = edition_file(world.settings, ID)
    content, entry = file.read_bytes(), world.ledger.edition(ID)
    world.settings.warehouse.unlink()
    write_warehouse(world.settings.warehouse, [])
    world.all_in(date(2026, 9, 1))
    assert freeze_due_benchmarks(*world.place) == []
    assert freeze_benchmark(*world.place, "half_yearly", "2026H1") == ID
    assert file.read_bytes() == content
    assert world.ledger.edition(ID) == entry
    assert freeze_benchmarks(*world.place, wave="2026H1")[0].state == "kept"


def test_the_ledger_holds_the_hash_of_the_file(world: World) -> None:
    world.all_in(date(2026, 7, 5))
    freeze_due_benchmarks(*world.place)
    entry = world.ledger.edition(ID)
    assert entry is not None
    content = edition_file(world.settings, ID).read_bytes()
    assert entry.content_hash == hashlib.sha256(content).hexdigest()
    assert (entry.period, entry.state, entry.kind) == ("2026H1", "complete", "benchmark")
    assert read_edition(world.settings, world.ledger, ID) == json.loads(content)
    assert json.loads(content)["inputs_hash"] == entry.inputs_hash


def test_equal_inputs_give_equal_bytes(world: World, tmp_path: Path) -> None:
    other = World(tmp_path / "other")
    for each in (world, other):
        each.all_in(date(2026, 7, 5))
        freeze_due_benchmarks(*each.place)
        freeze_due_experiments(*each.place)
    for edition_id in (ID, "experiment/callback/r1"):
        first, second = (edition_file(w.settings, edition_id).read_bytes() for w in (world, other))
        assert first == second


def test_a_crash_before_the_ledger_is_mended_by_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.all_in(date(2026, 7, 5))

    def fail(_: object, __: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "freeze", fail)
        with pytest.raises(RuntimeError, match="killed"):
            freeze_due_benchmarks(*world.place)
    assert edition_file(world.settings, ID).is_file()
    assert world.ledger.edition(ID) is None
    assert freeze_due_benchmarks(*world.place) == [ID]


def test_a_lost_file_is_written_again_or_mourned(world: World) -> None:
    world.all_in(date(2026, 7, 5))
    freeze_due_benchmarks(*world.place)
    file = edition_file(world.settings, ID)
    content = file.read_bytes()
    file.unlink()
    with pytest.raises(EditionError, match="its file is gone"):
        read_edition(world.settings, world.ledger, ID)
    freeze_due_benchmarks(*world.place)
    assert file.read_bytes() == content
    file.unlink()
    world.all_in(date(2026, 8, 1))
    with pytest.raises(EditionError, match="moved on"):
        freeze_due_benchmarks(*world.place)


def test_an_edited_file_is_not_read(world: World) -> None:
    world.all_in(date(2026, 7, 5))
    freeze_due_benchmarks(*world.place)
    file = edition_file(world.settings, ID)
    file.write_bytes(file.read_bytes().replace(b"2026H1", b"2027H1"))
    with pytest.raises(EditionError, match="not the content that was frozen"):
        read_edition(world.settings, world.ledger, ID)


@pytest.mark.parametrize(
    ("name", "wave", "message"),
    [
        ("yearly", "2026H1", "no benchmark `yearly`"),
        ("half_yearly", "2026Q1", "is no half-year"),
        ("half_yearly", "2024H2", "before the first wave"),
        ("half_yearly", "2026H2", "is not over"),
    ],
)
def test_what_cannot_be_frozen_by_hand(world: World, name: str, wave: str, message: str) -> None:
    world.all_in(date(2026, 7, 5))
    with pytest.raises(EditionError, match=message):
        freeze_benchmark(*world.place, name, wave)


def test_by_hand_an_earlier_wave_needs_no_gate(world: World) -> None:
    world.built(date(2026, 7, 1))
    assert freeze_benchmark(*world.place, "half_yearly", "2025H2") == (
        "benchmark/half_yearly/2025H2/r1"
    )


def test_nothing_is_due_before_the_first_build(world: World) -> None:
    with pytest.raises(EditionError, match="never built"):
        freeze_due_benchmarks(*world.place)


@pytest.mark.parametrize(("day", "is_due"), [(date(2026, 4, 29), False), (date(2026, 4, 30), True)])
def test_an_experiment_is_due_when_its_last_window_is_over(
    world: World, day: date, is_due: bool
) -> None:
    world.all_in(day)
    found = freeze_due_experiments(*world.place)
    assert found == (["experiment/callback/r1"] if is_due else [])
    assert world.ledger.registration("callback") is not None
    if is_due:
        entry = world.ledger.edition("experiment/callback/r1")
        assert entry is not None
        assert entry.period == "2026-01-01_2026-03-31"


def test_drafts_are_not_read(world: World) -> None:
    world.programme = replace(world.programme, experiments={"callback": plan(status="draft")})
    world.all_in(date(2026, 7, 5))
    assert freeze_due_experiments(*world.place) == []
    assert freeze_experiment_if_due(*world.place, "callback").state == "waiting"
    with pytest.raises(EditionError, match="is not registered"):
        freeze_experiment(*world.place, "callback")
    with pytest.raises(EditionError, match="is not declared"):
        freeze_experiment(*world.place, "elsewhere")
