"""A report's files, and whether what stands on the disk is what would be written again.

A sidecar beside page and PDF says from which edition and by which code they were made, and what
they hold. It is written last, so that files half replaced are never taken for current.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from programme import Programme, Settings
from programme.benchmarks import Language
from reports.errors import ReportWriteError

_ROOM = Path(__file__).parent
# What draws letters, charts and pages: another version may break lines elsewhere.
_DRAWN_BY = ("babel", "fonttools", "jinja2", "matplotlib", "matplotlib-fontja", "weasyprint")


@dataclass(frozen=True)
class RenderedReport:
    """One report of one edition in one language, as files.

    Attributes:
        edition_id: The frozen edition.
        report_id: The declared report.
        language: Of the text.
        html: The self-contained page.
        pdf: The same for printing; attached to the mail.
        content_hash: SHA-256 of the frozen edition that it says.
    """

    edition_id: str
    report_id: str
    language: Language
    html: Path
    pdf: Path
    content_hash: str

    @property
    def sidecar(self) -> Path:
        """The file that says from what page and PDF were made."""
        return self.html.with_suffix(".json")


def period_of(edition_id: str) -> str:
    """What tells the editions of a subject apart: the wave and revision, as part of a file name."""
    return edition_id.split("/", 2)[2].replace("/", "-")


def place_of(
    settings: Settings, edition_id: str, report_id: str, language: Language, *, content_hash: str
) -> RenderedReport:
    """Where a report's files belong: ``<report>__<subject>__<period>__<language>``."""
    subject = edition_id.split("/")[1]
    stem = f"{report_id}__{subject}__{period_of(edition_id)}__{language}"
    html, pdf = (settings.reports / f"{stem}.{suffix}" for suffix in ("html", "pdf"))
    return RenderedReport(edition_id, report_id, language, html, pdf, content_hash)


def is_current(report: RenderedReport, maker: str) -> bool:
    """Whether both files stand as this maker wrote them from this edition."""
    try:
        said = json.loads(report.sidecar.read_bytes())
        return bool(said == _statement(report, maker))
    except (OSError, ValueError):
        return False


def keep(report: RenderedReport, maker: str, *, page: bytes, pdf: bytes) -> None:
    """Write page, PDF and, last, what they were made from."""
    report.html.parent.mkdir(parents=True, exist_ok=True)
    replace(report.html, page)
    replace(report.pdf, pdf)
    text = json.dumps(_statement(report, maker), indent=1, sort_keys=True) + "\n"
    replace(report.sidecar, text.encode())


def replace(file: Path, content: bytes) -> None:
    """Write in one step, so that a reader never meets half a file.

    Raises:
        ReportWriteError: when the disk is full or not writable; ``file`` is then as it was.
    """
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        partial.write_bytes(content)
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        what = os.strerror(error.errno) if error.errno else str(error)
        raise ReportWriteError(
            f"{file}: cannot be written ({what}). Mend: free space or make the folder writable, "
            "then run again"
        ) from error


def maker_of(programme: Programme) -> str:
    """SHA-256 of all that shapes a page besides its edition.

    The code, templates and words of this room, the versions of what draws, and what a page takes
    from the programme: the company's names and labels, and the kinds of the surveys' questions.
    """
    declared = [
        programme.company.model_dump_json(),
        *(f"{name}{programme.surveys[name].model_dump_json()}" for name in programme.surveys),
    ]
    digest = hashlib.sha256(_room().encode())
    for text in sorted(declared):
        digest.update(text.encode())
    return digest.hexdigest()


@lru_cache
def _room() -> str:
    digest = hashlib.sha256()
    for file in sorted(_ROOM.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"{file.relative_to(_ROOM)}\n".encode())
            digest.update(file.read_bytes())
    for package in _DRAWN_BY:
        digest.update(f"{package} {_version(package)}\n".encode())
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _statement(report: RenderedReport, maker: str) -> dict[str, str]:
    return {
        "edition_id": report.edition_id,
        "content_hash": report.content_hash,
        "made_by": maker,
        "html_sha256": sha256_of(report.html),
        "pdf_sha256": sha256_of(report.pdf),
    }


def sha256_of(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
