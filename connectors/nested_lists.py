"""Lists in elements of lists: the elements at a dotted path, and whether a path is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

NO_LIST = object()


def steps_of(path: str) -> list[str]:
    """The keys of a dotted path; none of an empty one."""
    return path.split(".") if path else []


def value_along(node: Any, steps: Sequence[str]) -> Any:
    """The value at the end of the steps; None where one is missing or leads into no object."""
    for step in steps:
        if not isinstance(node, dict):
            return None
        node = node.get(step)
    return node


class NestedLists:
    """The elements of the lists at one path of one object, and what is not as expected.

    Attributes:
        chains: For each element of the innermost list: the element of the list at each step of the
            path, ``NO_LIST`` where that step is none.
        empty: Lists that are absent, null or without elements, each counted once.
        wrong: Path and value of what is neither list nor object.
    """

    def __init__(self, steps: Sequence[str], root: Any) -> None:
        self.chains: list[tuple[Any, ...]] = []
        self.empty = 0
        self.wrong: list[tuple[str, Any]] = []
        self._steps = steps
        self._descend(root, ())

    def _descend(self, node: Any, chain: tuple[Any, ...]) -> None:
        if node is not None and not isinstance(node, dict):
            self.wrong.append((".".join(self._steps[: len(chain)]), node))
            return
        depth = len(chain) + 1
        found = None if node is None else node.get(self._steps[len(chain)])
        if found is None or found == []:
            self.empty += 1
        elif isinstance(found, list) and depth == len(self._steps):
            self.chains += [(*chain, element) for element in found]
        elif isinstance(found, list):
            for element in found:
                self._descend(element, (*chain, element))
        elif isinstance(found, dict) and depth < len(self._steps):
            self._descend(found, (*chain, NO_LIST))
        else:
            self.wrong.append((".".join(self._steps[:depth]), found))


def holds(node: Any, steps: Sequence[str], *, in_list: bool = False) -> bool:
    """Whether the last key of the path is there; a null or an empty list on the way leaves it open.

    A list on the way is looked through for lists only, which can be exploded: what else an element
    holds is no value of the row.

    Example:
        >>> holds({"pages": [{"questions": []}]}, ["pages", "questions"])
        True
        >>> holds({"pages": [{"id": 7}]}, ["pages", "id"])
        False
    """
    if not steps:
        return not in_list or node is None or isinstance(node, list)
    if node is None:
        return True
    if isinstance(node, list):
        return not node or any(holds(element, steps, in_list=True) for element in node)
    if not isinstance(node, dict) or steps[0] not in node:
        return False
    return holds(node[steps[0]], steps[1:], in_list=in_list)
