"""The address book: which people stand behind a role. It lies outside the programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from programme.loader import nearest
from reports.errors import AddressBookError
from reports.mail import domain_of


@dataclass(frozen=True)
class AddressBook:
    """Addresses by role, as the file gives them."""

    file: Path
    roles: Mapping[str, tuple[str, ...]]

    def of(self, role: str) -> tuple[str, ...]:
        """The addresses of a role.

        Raises:
            AddressBookError: the role is missing or empty; names the file, the role and the mend.
        """
        if not self.roles.get(role):
            near = f" ({nearest(role, self.roles)})" if role not in self.roles else ""
            raise AddressBookError(
                f"{self.file}: no address for role `{role}`{near}. "
                f"Mend: add `{role}: [name@example.com]`"
            )
        return self.roles[role]


def read_address_book(file: Path) -> AddressBook:
    """Read ``{role: [address, ...]}``.

    Raises:
        AddressBookError: the file is missing, no YAML, or holds what is no address.
    """
    if not file.is_file():
        raise AddressBookError(
            f"{file}: there is no address book. Mend: create it with `role: [name@example.com]` "
            "for each role, or point CXLOOP_ADDRESS_BOOK at it"
        )
    try:
        content = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise AddressBookError(
            f"{file}: not readable as YAML: {error}. Mend: correct it"
        ) from error
    if not isinstance(content, Mapping):
        raise AddressBookError(f"{file}: holds no roles. Mend: write `role: [name@example.com]`")
    return AddressBook(
        file, {str(role): _addresses(file, str(role), content[role]) for role in content}
    )


def _addresses(file: Path, role: str, given: object) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise AddressBookError(
            f"{file}: role `{role}` holds {given!r}, which is no list. "
            f"Mend: write `{role}: [name@example.com]`"
        )
    for address in given:
        local = str(address).rpartition("@")[0]
        if (
            not local
            or "." not in domain_of(str(address))
            or any(c in str(address) for c in " ,;\n\r<>")
        ):
            raise AddressBookError(
                f"{file}: role `{role}` holds {address!r}, which is no address. "
                "Mend: write name@example.com"
            )
    return tuple(str(address) for address in given)
