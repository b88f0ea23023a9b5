"""`cxloop source new`: a commented declaration to begin with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import AsJson, CommandError, note, one_of, print_json, settings_of

if TYPE_CHECKING:
    from connectors.discovery import Discovery
    from connectors.proposals import MappingDraft
    from programme import Settings

SURVEY_TOOLS = ("formbricks", "qualtrics", "surveymonkey", "typeform")
TEMPLATES = Path(__file__).resolve().parents[1] / "programme" / "templates"


def new(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="files, sql, rest, calls or a vendor's name.")],
    name: Annotated[
        str | None,
        typer.Argument(help="What the source shall be called; as its kind, if left out."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="files: an example whose columns are looked at.")
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(help="The system's address; one with a password is not written down."),
    ] = None,
    table: Annotated[
        str | None, typer.Option(help="sql: the table or view whose columns are looked at.")
    ] = None,
    survey: Annotated[
        str | None, typer.Option(help="Survey tools: the survey whose definition is read.")
    ] = None,
    record: Annotated[
        str | None, typer.Option(help="The canonical record that its rows are, where known.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write sources/NAME.yml with comments that teach; guesses are marked `# check`."""
    settings = settings_of(ctx)
    kinds = {path.stem: path for path in sorted((TEMPLATES / "sources").glob("*.yml"))}
    template = one_of("kind of source", kind, kinds).read_text(encoding="utf-8")
    draft = _Draft(settings, kind, name or kind, template)
    if record is not None:
        from connectors.records import RECORDS

        one_of("record", record, RECORDS)
    if file is not None:
        _require_kind("files", kind, "--file")
        draft.from_file(file.resolve(), record)
    elif table is not None:
        _require_kind("sql", kind, "--table")
        draft.from_table(table, url, record)
    elif url is not None:
        draft.address(url)
    if survey is not None:
        draft.from_survey(survey)
    draft.write(as_json=as_json)


def _require_kind(wanted: str, kind: str, option: str) -> None:
    if kind != wanted:
        what = f"{option} is for sources of kind {wanted}, not {kind}"
        raise CommandError(what, f"write `cxloop source new {wanted} …`, or leave it out")


class _Draft:
    """A source, and perhaps a survey, about to be written."""

    def __init__(self, settings: Settings, kind: str, name: str, text: str) -> None:
        from programme.base import IDENTIFIER

        if not IDENTIFIER.match(name):
            mend = "use lower-case letters, digits and `_`, beginning with a letter"
            raise CommandError(f"`{name}` is no name for a source", mend)
        self.settings = settings
        self.kind = kind
        self.name = name
        self.text = text
        self.file = settings.programme_dir / "sources" / f"{name}.yml"
        self.surveys: dict[str, str] = {}
        if not (settings.programme_dir / "programme.yml").is_file():
            mend = "name the programme's directory: cxloop --programme DIRECTORY source new …"
            raise CommandError(f"{settings.programme_dir} holds no programme.yml", mend)
        if self.file.exists():
            raise CommandError(f"{self.file} exists", "choose another name, or edit that file")

    def address(self, url: str) -> None:
        """Put the system's address in the template's place of it."""
        keys = [key for key in ("base_url", "url") if f"\n  {key}: " in self.text]
        if not keys:
            what = f"a source of kind {self.kind} has no address"
            raise CommandError(what, "leave --url out, and name an example with --file")
        self._set(keys[0], self._quiet(url))

    def from_file(self, path: Path, record: str | None) -> None:
        """Propose an entity from the file's columns."""
        from cli.source_drafts import quoted
        from connectors.discovery import look_at_file

        found = look_at_file(path, source=self.name)
        assert found.file is not None  # noqa: S101  (a file was looked at)
        pattern = re.sub(r"\d{4}\d*([-_.]?\d{2,})*", "*", path.name)
        read = ["files:", f"  pattern: {quoted(pattern)}", f"  format: {found.file.format}"]
        if found.file.format == "csv":
            read += [f"  encoding: {found.file.encoding}", f'  delimiter: "{found.file.delimiter}"']
        read[1] += "  # check: which files belong here?" if pattern != path.name else ""
        root = str(path.parent)
        if path.is_relative_to(self.settings.data_root):
            below = path.parent.relative_to(self.settings.data_root).as_posix()
            root = "${data_root}" + ("" if below == "." else f"/{below}")
        self._set("root", root)
        self._propose(self._entity(path.stem), read, found, record)

    def from_table(self, table: str, url: str | None, record: str | None) -> None:
        """Propose an entity from the table's columns."""
        from connectors.discovery import look_at_table

        if url is None:
            raise CommandError("--table needs the database's address", "add --url")
        found = look_at_table(url, table, self.settings, source=self.name)
        read = ["sql:", f"  table: {table}"]
        if found.cursor:
            read.append(f"  cursor: {found.cursor}  # check: does it rise with every change?")
        self._set("url", self._quiet(url).replace(str(self.settings.data_root), "${data_root}"))
        self._propose(self._entity(table.rpartition(".")[2]), read, found, record)

    def from_survey(self, survey: str) -> None:
        """Propose mappings and a survey from the definition that the vendor keeps."""
        from io import StringIO

        from ruamel.yaml import YAML

        from connectors.discovery import survey_definition
        from connectors.vendors.definitions import suggest
        from programme.sources import Source

        mend = "leave --survey out, and write the mappings by hand"
        if self.kind not in SURVEY_TOOLS:
            raise CommandError(f"nothing can be proposed for a survey of kind {self.kind}", mend)
        system = Source.model_validate(YAML(typ="safe", pure=True).load(StringIO(self.text))).system
        address = re.search(r"^  base_url: (.*)$", self.text, re.MULTILINE)
        definition = survey_definition(system, survey, self.settings, source=self.name)
        try:
            suggested = suggest(self.kind, definition, survey)
        except ValueError as error:
            raise CommandError(f"nothing can be proposed for {survey}: {error}", mend) from None
        for path, text in suggested.items():
            if path.startswith("sources/"):
                self.text = text
            else:
                self.surveys[Path(path).stem] = text
        if address is not None:
            self._set("base_url", address[1])

    def write(self, *, as_json: bool) -> None:
        """Write source and surveys, and say what comes next."""
        files = {self.file: self.text, **dict(self._survey_files())}
        for path, text in files.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        following = f"cxloop source check {self.name}"
        if as_json:
            print_json({"source": self.name, "wrote": list(files), "next": following})
            return
        for path in files:
            typer.echo(f"wrote {path}")
        marks = sum(text.count("# check") for text in files.values())
        note(f"edit {f'the {marks} lines marked `# check`' if marks else 'it'}, then:")
        typer.echo(f"next: {following}")

    def _survey_files(self) -> Iterator[tuple[Path, str]]:
        """Surveys that the source refers to, where the programme has none of that name."""
        named = set(re.findall(r"^\s*survey: (\w+)", self.text, re.MULTILINE))
        for survey in sorted(named):
            path = self.settings.programme_dir / "surveys" / f"{survey}.yml"
            template = TEMPLATES / "surveys" / path.name
            if not path.exists() and survey in self.surveys:
                yield path, self.surveys[survey]
            elif not path.exists() and template.is_file():
                yield path, template.read_text(encoding="utf-8")

    def _propose(self, entity: str, read: list[str], found: Discovery, record: str | None) -> None:
        from cli.source_drafts import entity_text, survey_text
        from connectors.proposals import propose

        drafts: list[MappingDraft] = propose(found.columns, record=record)
        survey = self._survey()
        if any(draft.question for draft in drafts):
            self.surveys[survey] = survey_text(self.name, drafts)
        head = self.text.partition("\nentities:\n")[0].rpartition("\n# ")[0]
        self.text = f"{head.rstrip()}\n\n{entity_text(entity, read, found, drafts, survey)}"

    def _survey(self) -> str:
        for survey in (self.name, f"{self.name}_survey"):
            if not (self.settings.programme_dir / "surveys" / f"{survey}.yml").exists():
                return survey
        mend = "choose another name for the source"
        raise CommandError(f"surveys `{self.name}` and `{self.name}_survey` exist", mend)

    def _entity(self, text: str) -> str:
        spelt = re.sub(r"[^a-z0-9]+", "_", text.partition(".")[0].lower())
        return re.sub(r"^[\d_]+|(_?\d)*_?$", "", spelt) or "rows"

    def _set(self, key: str, value: str) -> None:
        self.text = re.sub(
            rf"^(  {key}:) .*$", lambda match: f"{match[1]} {value}", self.text, count=1, flags=re.M
        )

    def _quiet(self, url: str) -> str:
        """The address, or the name of a variable for one that holds a password."""
        if not re.search(r"//[^/@\s]*:[^/@\s$]+@", url):
            return url
        variable = f"{self.name.upper()}_URL"
        note(f"the address holds a password: set {variable} to it where cxloop runs")
        return f"${{env:{variable}}}"
