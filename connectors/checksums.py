"""Check digits that tell a card, an individual number or a bank account from any other number."""

from __future__ import annotations


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others.

    Example:
        >>> passes_luhn("4111111111111111"), passes_luhn("4111111111111112")
        (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_my_number(digits: str) -> bool:
    """Whether twelve digits end in the check digit of a Japanese individual number.

    Source: ordinance no. 85 of 2014 of the Ministry of Internal Affairs, article 5.

    Example:
        >>> is_my_number("123456789018"), is_my_number("123456789012")
        (True, False)
    """
    weights = [n + 1 if n <= 6 else n - 5 for n in range(1, 12)]
    total = sum(int(digit) * weight for digit, weight in zip(digits[-2::-1], weights, strict=True))
    left = total % 11
    return int(digits[-1]) == (0 if left <= 1 else 11 - left)


def is_iban(text: str) -> bool:
    """Whether capitals and digits leave the remainder 1 that ISO 13616 asks for.

    Example:
        >>> is_iban("DE89370400440532013000"), is_iban("DE89370400440532013001")
        (True, False)
    """
    turned = text[4:] + text[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1
