"""Progress of the demo: one line per event, and the state and time of each stage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console


@dataclass
class Stage:
    """One stage of the demo as the summary tells it."""

    name: str
    state: str = "running"
    seconds: float = 0.0


@dataclass
class Progress:
    """Prints what happens, with the time since the start, and keeps each stage's state."""

    console: Console
    began: float = field(default_factory=time.monotonic)
    stages: list[Stage] = field(default_factory=list)

    def say(self, stage: str, text: str) -> None:
        """One line of progress."""
        at = time.monotonic() - self.began
        self.console.print(f"[dim]{at:6.1f} s[/]  [bold]{stage:<10}[/] {text}", highlight=False)

    @contextmanager
    def stage(self, name: str, text: str) -> Iterator[None]:
        """Time a stage; it is failed when its body raises."""
        stage = Stage(name)
        self.stages.append(stage)
        self.say(name, text)
        began = time.monotonic()
        try:
            yield
            stage.state = "success"
        except BaseException:
            stage.state = "failed"
            raise
        finally:
            stage.seconds = round(time.monotonic() - began, 1)
