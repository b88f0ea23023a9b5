from __future__ import annotations

from pathlib import Path

import pytest

from reports.addresses import read_address_book
from reports.errors import AddressBookError


def book(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "addresses.yml"
    file.write_text(text, encoding="utf-8")
    return file


def test_roles_hold_addresses(tmp_path: Path) -> None:
    found = read_address_book(book(tmp_path, "board: [a@x.example, b@x.example]\n"))
    assert found.of("board") == ("a@x.example", "b@x.example")


def test_a_missing_role_is_named_with_file_and_mend(tmp_path: Path) -> None:
    found = read_address_book(book(tmp_path, "board: [a@x.example]\nproduct: []\n"))
    with pytest.raises(AddressBookError, match=r"addresses\.yml: no .* role `bord`.*board`"):
        found.of("bord")
    with pytest.raises(AddressBookError, match=r"role `product`.*Mend: add `product:"):
        found.of("product")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("- a@x.example\n", "holds no roles"),
        ("board: a@x.example\n", "which is no list"),
        ("board: [nobody]\n", "which is no address"),
        ('board: ["a@x.example, b@y.example"]\n', "which is no address"),
        ("board: [a@x.example\n", "not readable as YAML"),
    ],
)
def test_what_is_no_address_book_is_refused_by_name(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(AddressBookError, match=what):
        read_address_book(book(tmp_path, text))


def test_a_missing_file_says_where_it_should_be(tmp_path: Path) -> None:
    with pytest.raises(AddressBookError, match="CXLOOP_ADDRESS_BOOK"):
        read_address_book(tmp_path / "none.yml")
