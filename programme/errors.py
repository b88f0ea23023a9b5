"""How a declaration is refused: always with the file, the line, the value and the mend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one declaration.

    Attributes:
        file: The YAML file.
        line: Line in that file, from 1; 0 where the whole file is meant.
        where: Dotted path of the key, for example ``entities.tickets.key``.
        what: The fact, with the offending value.
        mend: What to write instead.
    """

    file: Path
    line: int
    where: str
    what: str
    mend: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{place}: {self.where}: {self.what}. Mend: {self.mend}"


class DeclarationError(ValueError):
    """A programme that cannot be used as it stands.

    Carries every problem found, not the first one only.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))
