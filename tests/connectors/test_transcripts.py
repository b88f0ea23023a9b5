"""Transcripts: captions and JSON of several makers become calls with turns and times."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from connectors.errors import UnreadableFileError, UnusableDeclarationError
from connectors.reading import header_of, read_chunks
from connectors.reading.chunks import Place
from connectors.rows import Refusal
from connectors.transcripts import payloads
from programme.systems import FileRead

SPEAKERS = {"Agent*": "agent", "IVR": "bot", "*": "customer"}
VOICES = """WEBVTT - call 7

NOTE recorded 10:00 --> 10:05
with a comment

STYLE
::cue { color: red }

1
00:01.000 --> 00:04.000 align:start line:0
<v.loud Agent Sato>Thank you for <i>calling</i> &amp; welcome</v>

00:00:03.500 --> 00:00:06.000
<v Mori Taro>hello?

00:00:10.000 --> 00:00:12.500
<v Agent Sato>This call may be

00:00:12.500 --> 00:00:14.000
<v Agent Sato>recorded, for quality.
"""


def vtt(text: str | bytes, label: str = "calls/c-1.vtt", **transcript: Any) -> Any:
    declared = {"speakers": SPEAKERS} | transcript
    read = FileRead.model_validate({"pattern": "*", "format": "vtt", "transcript": declared})
    return one(text, read, label)


def spoken(content: object, turns: dict[str, Any], **transcript: Any) -> list[Any]:
    declared = {"speakers": SPEAKERS, "turns": turns} | transcript
    read = FileRead.model_validate(
        {"pattern": "*", "format": "transcript_json", "transcript": declared}
    )
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    return every(text, read, "calls/c-1.json")


def one(text: str | bytes, read: FileRead, label: str) -> Any:
    (found,) = every(text, read, label)
    return found


def every(text: str | bytes, read: FileRead, label: str) -> list[Any]:
    content = text.encode() if isinstance(text, str) else text
    found = payloads(lambda: io.BytesIO(content), read, Place("src", "calls", label))
    return [item if isinstance(item, Refusal) else item[0] for item in found]


def said(payload: dict[str, Any]) -> list[tuple[Any, ...]]:
    keys = ("speaker", "speaker_id", "text", "start_seconds", "end_seconds")
    return [tuple(turn[key] for key in keys) for turn in payload["turns"]]


def statement(payload: dict[str, Any]) -> tuple[Any, Any]:
    (found,) = payload["statements"]
    return found["is_said"], found["said_seconds"]


# --- captions


def test_voices_settings_notes_and_overlapping_cues() -> None:
    found = vtt(VOICES)
    assert said(found) == [
        ("agent", "Agent Sato", "Thank you for calling & welcome", 1.0, 4.0),
        ("customer", "Mori Taro", "hello?", 3.5, 6.0),
        ("agent", "Agent Sato", "This call may be", 10.0, 12.5),
        ("agent", "Agent Sato", "recorded, for quality.", 12.5, 14.0),
    ]
    assert [turn["turn_id"] for turn in found["turns"]] == ["00001", "00002", "00003", "00004"]
    times = {key: found[key] for key in found if key.endswith("_seconds")}
    assert times == {
        "talk_seconds": 9.0,
        "silence_seconds": 4.0,
        "longest_silence_seconds": 4.0,
        "wait_seconds": 1.0,
        "overlap_seconds": 0.5,
        "agent_talk_seconds": 7.0,
        "customer_talk_seconds": 2.5,
    }
    assert (found["call"], found["language"], found["is_flagged"]) == ("c-1", None, None)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_and_byte_order_marks(ending: str) -> None:
    found = vtt(b"\xef\xbb\xbf" + VOICES.replace("\n", ending).encode())
    assert len(found["turns"]) == 4


def test_names_before_a_colon_and_lines_that_go_on() -> None:
    found = vtt(
        "WEBVTT\n\n00:00.000 --> 00:02.000\nAgent Ito: we open at 10:30,\n\n"
        "00:02.000 --> 00:03.000\nsee https://example.com\n\n"
        "00:04.000 --> 00:06.000\n森：はい\n- Agent Ito: good\n\n00:07.000 --> 00:08.000\n\n"
    )
    assert said(found) == [
        ("agent", "Agent Ito", "we open at 10:30,", 0.0, 2.0),
        ("agent", "Agent Ito", "see https://example.com", 2.0, 3.0),
        ("customer", "森", "はい", 4.0, None),
        ("agent", "Agent Ito", "good", None, 6.0),
    ]
    # the shared cue: somebody spoke for its whole length, who when is not known
    assert (found["talk_seconds"], found["overlap_seconds"]) == (5.0, None)


def test_several_voices_in_one_cue() -> None:
    found = vtt("WEBVTT\n\n00:00.000 --> 00:02.000\n<v IVR>press one</v>\n<v Abe>eh?</v>\n")
    assert said(found) == [
        ("bot", "IVR", "press one", 0.0, None),
        ("customer", "Abe", "eh?", None, 2.0),
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1\n00:00:01,000 --> 00:00:02,000\nA: hi\n", "does not begin with WEBVTT"),
        ("WEBVTT\n\n00:00:01,000 --> 00:00:02,000\nA: hi\n", r"1 line\(s\) with --> are no times"),
        ("WEBVTT\n\n00:00.000 --> 00:99.000\nA: hi\n", "no times"),
        ("WEBVTT\n\n00:05.000 --> 00:02.000\nA: hi\n", "turn 1 ends before it begins"),
        ("WEBVTT\n\n99:00:00.000 --> 99:00:02.000\nA: hi\n", "more than 24 hours after"),
    ],
)
def test_a_transcript_that_is_none_is_refused_whole(text: str, what: str) -> None:
    found = vtt(text)
    assert isinstance(found, Refusal)
    assert found.payload == text
    with pytest.raises(AssertionError, match=what):
        raise AssertionError(found.reason)


def test_a_name_that_is_not_declared_is_refused_with_the_name() -> None:
    found = vtt(VOICES, speakers={"agent *": "agent"})
    assert (found.column, found.value) == ("speaker", "Mori Taro")
    found = vtt("WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n", speakers={"a": "agent"})
    assert (found.reason, found.value) == ("a turn names nobody", None)


def test_somebody_who_is_none_of_the_three_counts_as_talk_alone() -> None:
    found = vtt(VOICES, speakers={"agent*": "agent", "*": None})
    assert found["turns"][1]["speaker"] is None
    assert (found["talk_seconds"], found["customer_talk_seconds"]) == (9.0, 0.0)


def test_width_and_case_of_a_name_do_not_matter() -> None:
    found = vtt(VOICES, speakers={"ＡＧＥＮＴ SATO": "agent", "mori*": "customer"})
    assert [turn["speaker"] for turn in found["turns"]] == ["agent", "customer", "agent", "agent"]


def test_the_file_name_tells_what_the_captions_do_not() -> None:
    pattern = r"(?P<opened>\d{8}T\d{4})_(?P<customer>.+)"
    found = vtt(VOICES, "in/20260701T0930_K7.vtt.gz", name=pattern)
    assert found["name"] == {"opened": "20260701T0930", "customer": "K7"}
    assert found["call"] == "20260701T0930_K7"
    refused = vtt(VOICES, "in/other.vtt", name=pattern)
    assert (refused.column, refused.value) == ("name", "other")


def test_captions_without_cues_have_no_times() -> None:
    found = vtt("WEBVTT\n")
    assert (found["turns"], found["talk_seconds"], found["wait_seconds"]) == ([], None, None)


def test_undecodable_and_overlong_files_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableFileError, match=r"c-1\.vtt.*utf-8"):
        vtt("WEBVTT\n\n00:01.000 --> 00:02.000\nA: 森\n".encode("cp932"))
    monkeypatch.setattr("connectors.transcripts.content.LONGEST_BYTES", 100)
    with pytest.raises(UnreadableFileError, match="one call per file"):
        vtt(VOICES)


def test_a_withheld_refusal_shows_nothing_of_the_call() -> None:
    read = FileRead.model_validate(
        {"pattern": "*", "format": "vtt", "transcript": {"speakers": {"x": "agent"}}}
    )
    place = Place("src", "calls", "c.vtt")
    (found,) = payloads(lambda: io.BytesIO(VOICES.encode()), read, place, withhold=True)
    assert isinstance(found, Refusal)
    assert "Mori" not in repr(found)
    assert "Sato" not in repr(found)


# --- JSON of several makers' shapes

AMAZON = {
    "JobName": "call-9",
    "LanguageCode": "en-US",
    "Transcript": [
        {
            "ParticipantRole": "AGENT",
            "BeginOffsetMillis": 500,
            "EndOffsetMillis": 2500,
            "Content": "hi",
        },
        {
            "ParticipantRole": "CUSTOMER",
            "BeginOffsetMillis": 3000,
            "EndOffsetMillis": 4000,
            "Content": "no",
        },
    ],
}
DEEPGRAM = {
    "metadata": {"request_id": "call-9"},
    "results": {
        "utterances": [
            {"speaker": 0, "start": 0.5, "end": 2.5, "transcript": "hi"},
            {"speaker": 1, "start": 3, "end": 4.0, "transcript": "no"},
        ]
    },
}
GENESYS = {
    "conversationId": "call-9",
    "startTime": 1782891000000,
    "transcripts": [
        {
            "phrases": [
                {
                    "participantPurpose": "internal",
                    "startTimeMs": 1782891000500,
                    "duration": {"milliseconds": 2000},
                    "text": "hi",
                },
                {
                    "participantPurpose": "external",
                    "startTimeMs": 1782891003000,
                    "duration": {"milliseconds": 1000},
                    "text": "no",
                },
            ]
        }
    ],
}
GONG = {
    "callId": "call-9",
    "transcript": [
        {"speakerId": "a1", "sentences": [{"start": 500, "end": 2500, "text": "hi"}]},
        {"speakerId": "c1", "sentences": [{"start": 3000, "end": 4000, "text": "no"}]},
    ],
}
AZURE = {
    "source": "call-9",
    "recognizedPhrases": [
        {
            "channel": 1,
            "offsetInTicks": 30000000.0,
            "durationInTicks": 10000000.0,
            "nBest": [{"display": "no"}],
        },
        {
            "channel": 0,
            "offsetInTicks": 5000000.0,
            "durationInTicks": 20000000.0,
            "nBest": [{"display": "hi"}],
        },
    ],
}
CHAT = {
    "id": "call-9",
    "messages": [
        {
            "from": "agent",
            "at": "2026-07-01T09:30:00.500+09:00",
            "to": "2026-07-01T00:30:02.500Z",
            "body": "hi",
        },
        {
            "from": "customer",
            "at": "2026-07-01T00:30:03Z",
            "to": "2026-07-01T00:30:04Z",
            "body": "no",
        },
    ],
    "opened": "2026-07-01T00:30:00Z",
}
MAKERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        AMAZON,
        {
            "turns": "Transcript",
            "speaker": "ParticipantRole",
            "text": "Content",
            "start": "BeginOffsetMillis",
            "end": "EndOffsetMillis",
            "unit": "milliseconds",
            "call_id": "JobName",
            "language": "LanguageCode",
        },
    ),
    (
        DEEPGRAM,
        {
            "turns": "results.utterances",
            "speaker": "speaker",
            "text": "transcript",
            "start": "start",
            "end": "end",
            "call_id": "metadata.request_id",
        },
    ),
    (
        GENESYS,
        {
            "turns": "transcripts",
            "parts": "phrases",
            "speaker": "participantPurpose",
            "text": "text",
            "start": "startTimeMs",
            "duration": "duration.milliseconds",
            "unit": "milliseconds",
            "began": "startTime",
            "call_id": "conversationId",
        },
    ),
    (
        GONG,
        {
            "turns": "transcript",
            "parts": "sentences",
            "speaker": "speakerId",
            "text": "text",
            "start": "start",
            "end": "end",
            "unit": "milliseconds",
            "call_id": "callId",
        },
    ),
    (
        AZURE,
        {
            "turns": "recognizedPhrases",
            "speaker": "channel",
            "text": "nBest.0.display",
            "start": "offsetInTicks",
            "duration": "durationInTicks",
            "unit": "ticks",
            "call_id": "source",
        },
    ),
    (
        CHAT,
        {
            "turns": "messages",
            "speaker": "from",
            "text": "body",
            "start": "at",
            "end": "to",
            "unit": "iso",
            "began": "opened",
            "call_id": "id",
        },
    ),
]
ROLES = {"agent": "agent", "internal": "agent", "0": "agent", "a1": "agent", "*": "customer"}


@pytest.mark.parametrize(("content", "turns"), MAKERS)
def test_shapes_of_makers_say_the_same(content: dict[str, Any], turns: dict[str, Any]) -> None:
    (found,) = spoken(content, turns, speakers=ROLES)
    assert [(t[0], *t[2:]) for t in said(found)] == [
        ("agent", "hi", 0.5, 2.5),
        ("customer", "no", 3.0, 4.0),
    ]
    measured = [found[f"{name}_seconds"] for name in ("talk", "silence", "wait", "overlap")]
    assert (found["call"], measured) == ("call-9", [3.0, 0.5, 0.5, 0.0])
    assert found["language"] == ("en" if content is AMAZON else None)


def test_what_stands_beside_the_turns_can_be_mapped() -> None:
    (found,) = spoken(DEEPGRAM, MAKERS[1][1], speakers=ROLES)
    assert found["received"] == {"metadata": {"request_id": "call-9"}, "results": {}}


def test_instants_are_kept_and_count_from_the_first_turn_without_a_beginning() -> None:
    declared = {key: value for key, value in MAKERS[5][1].items() if key != "began"}
    (found,) = spoken(CHAT, declared, speakers=ROLES)
    assert [(t["start_seconds"], t["started_at"]) for t in found["turns"]] == [
        (0.0, "2026-07-01T09:30:00.500+09:00"),
        (2.5, "2026-07-01T00:30:03Z"),
    ]


@pytest.mark.parametrize(
    ("written", "unit", "seconds"),
    [
        ('"1.5s"', "seconds", 1.5),
        ("0.1", "seconds", 0.1),
        ("1e1", "seconds", 10.0),
        ("1500", "milliseconds", 1.5),
        ('"00:01:02.25"', "clock", 62.25),
        ('"1:02,5"', "clock", 62.5),
        ("null", "seconds", None),
        ('""', "seconds", None),
    ],
)
def test_units_of_times(written: str, unit: str, seconds: float | None) -> None:
    text = f'{{"turns": [{{"who": "x", "say": "hi", "at": {written}}}]}}'
    (found,) = spoken(
        text, {"turns": "turns", "speaker": "who", "text": "say", "start": "at", "unit": unit}
    )
    assert found["turns"][0]["start_seconds"] == seconds
    assert found["turns"][0]["end_seconds"] is None
    assert found["talk_seconds"] is None


@pytest.mark.parametrize(
    "bad",
    [
        '"soon"',
        "NaN",
        "Infinity",
        "1e15",
        "1e400",
        "1e999999999",
        "-1",
        "1_0",
        "true",
        '"00:61:00"',
        "[1]",
    ],
)
@pytest.mark.parametrize("unit", ["seconds", "clock"])
def test_times_that_are_none_are_refused(bad: str, unit: str) -> None:
    text = f'{{"turns": [{{"who": "x", "say": "hi", "at": {bad}}}]}}'
    (found,) = spoken(
        text, {"turns": "turns", "speaker": "who", "text": "say", "start": "at", "unit": unit}
    )
    assert isinstance(found, Refusal)


def test_milliseconds_declared_as_seconds_are_refused() -> None:
    (found,) = spoken(AMAZON, MAKERS[0][1] | {"unit": "seconds"}, longest_hours=0.5)
    assert "check `unit`" in found.reason


LINES = {"turns": "t", "speaker": "who", "text": "say", "call_id": "id"}
CALL_1 = '{"id": 1, "t": [{"who": "x", "say": "a"}]}'
CALL_2 = '{"id": 2, "t": [{"who": "x", "say": "b"}]}'


@pytest.mark.parametrize(
    "text",
    [
        f"{CALL_1}\n\n{CALL_2}\n",
        f"[{CALL_1}, {CALL_2}]",
        f"[\n {CALL_1},\n {CALL_2}\n]\n",
        f"\ufeff{CALL_1}\r\n{CALL_2}",
    ],
)
def test_lines_and_lists_hold_many_calls(text: str) -> None:
    assert [found["call"] for found in spoken(text, LINES)] == ["1", "2"]


def test_a_document_over_several_lines_is_one_call() -> None:
    (found,) = spoken(json.dumps(json.loads(CALL_1), indent=2), LINES)
    assert found["turns"][0]["text"] == "a"


@pytest.mark.parametrize(
    "bad",
    [
        "{oops",
        "5",
        "[1]",
        '{"id": 3}',
        '{"id": 3, "t": 4}',
        '{"t": []}',
        '{"id": 3, "t": [7]}',
        "[" * 100_000,
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_bad_line_does_not_hide_the_good_ones(bad: str, first: bool) -> None:
    lines = [bad, CALL_1, CALL_2] if first else [CALL_1, bad, CALL_2]
    if first and bad == "[1]":
        lines = [bad]  # a list stands for the whole file
    found = spoken("\n".join(lines), LINES)
    refused = [item for item in found if isinstance(item, Refusal)]
    assert len(found) == len(lines)
    assert [item.payload for item in refused] == [bad if bad != "[1]" or not first else "1"]


def test_a_file_that_is_no_json_is_refused_once() -> None:
    (found,) = spoken("<html>\n<body>\nsorry\n", LINES)
    assert (found.reason, found.payload) == ("no JSON object", "<html>\n<body>\nsorry")


def test_an_empty_file_is_an_error() -> None:
    with pytest.raises(UnreadableFileError, match="is empty"):
        spoken(" \n\n", LINES)


def test_several_calls_need_an_id() -> None:
    declared = {key: value for key, value in LINES.items() if key != "call_id"}
    assert spoken(CALL_1, declared)[0]["call"] == "c-1"
    with pytest.raises(UnusableDeclarationError, match="call_id"):
        spoken(f"{CALL_1}\n{CALL_2}", declared)


# --- statements and flags

ENGLISH = {"en": ["this call may be recorded"]}
JAPANESE = {"ja": ["録音させていただきます"]}


@pytest.mark.parametrize(
    ("words", "is_said"),
    [
        ("This call may be RECORDED.", True),
        ("ｔｈｉｓ call,  may be\u3000recorded", True),
        ("this call may be recordedly", False),
        ("may this call be recorded", False),
        ("", False),
    ],
)
def test_english_is_matched_word_by_word(words: str, is_said: bool) -> None:
    text = f"WEBVTT\n\n00:01.000 --> 00:02.000\nAgent: {words}\n"
    found = vtt(text, statements={"recording": {"phrases": ENGLISH}})
    assert statement(found)[0] is is_said


@pytest.mark.parametrize("apostrophe", ["'", "’", "ʼ"])
def test_apostrophes_are_one(apostrophe: str) -> None:
    text = f"WEBVTT\n\n00:01.000 --> 00:02.000\nAgent: We don{apostrophe}t know\n"
    assert statement(vtt(text, statements={"s": {"phrases": {"en": ["don't know"]}}})) == (
        True,
        1.0,
    )


@pytest.mark.parametrize(
    ("words", "is_said"),
    [
        ("品質向上のため、録音させていただきます。", True),
        ("録音 させて いただき ます", True),
        ("録音、させていただきますので", True),
        ("録音されています", False),
    ],
)
def test_japanese_is_matched_sign_by_sign(words: str, is_said: bool) -> None:
    text = f"WEBVTT\n\n00:01.000 --> 00:02.000\nAgent：{words}\n"
    found = vtt(text, language="ja", statements={"recording": {"phrases": JAPANESE}})
    assert statement(found)[0] is is_said


def test_half_width_katakana_is_katakana() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nAgent：ｷｬﾝｾﾙﾎﾟﾘｼｰのご案内\n"
    found = vtt(text, statements={"s": {"phrases": {"ja": ["キャンセルポリシー"]}}})
    assert statement(found) == (True, 1.0)


def cues(*turns: tuple[float, float, str]) -> str:
    return "WEBVTT\n\n" + "\n\n".join(
        f"00:{start:06.3f} --> 00:{end:06.3f}\n{words}" for start, end, words in turns
    )


def test_a_statement_runs_over_captions_and_over_what_others_put_in() -> None:
    declared = {"statements": {"recording": {"phrases": ENGLISH}}}
    cut = cues((1, 2, "Agent: so this call"), (2, 3, "Agent: may be recorded"))
    assert statement(vtt(cut, **declared)) == (True, 1.0)
    nodded = cues((1, 2, "Agent: this call"), (2, 3, "Abe: yes"), (3, 4, "Agent: may be recorded"))
    assert statement(vtt(nodded, **declared)) == (True, 1.0)
    apart = cues((1, 2, "Agent: this call"), (2, 3, "Abe: yes"), (9, 10, "Agent: may be recorded"))
    assert statement(vtt(apart, **declared)) == (False, None)
    others = cues((1, 2, "Agent A: this call"), (2, 3, "Agent B: may be recorded"))
    assert statement(vtt(others, **declared)) == (False, None)


def test_the_first_of_several_times_counts() -> None:
    text = cues((1, 2, "Agent: we record"), (3, 4, "Abe: eh"), (9, 10, "Agent: yes, recorded"))
    for phrases in (["we record", "recorded"], ["recorded", "we record"]):
        assert statement(vtt(text, statements={"s": {"phrases": {"en": phrases}}})) == (True, 1.0)


def test_only_the_declared_speaker_makes_a_statement() -> None:
    text = cues((1, 2, "Abe: this call may be recorded"), (5, 6, "Agent: ok"))
    assert statement(vtt(text, statements={"s": {"phrases": ENGLISH}})) == (False, None)
    assert statement(vtt(text, statements={"s": {"phrases": ENGLISH, "speaker": "customer"}})) == (
        True,
        1.0,
    )


def test_a_statement_made_too_late_is_not_made_and_tells_when() -> None:
    text = cues((1, 2, "Agent: hi"), (31, 33, "Agent: this call may be recorded"))
    declared = {"phrases": ENGLISH, "within_seconds": 30}
    assert statement(vtt(text, statements={"s": declared})) == (False, 31.0)
    assert statement(vtt(text, statements={"s": declared | {"within_seconds": 31}})) == (True, 31.0)


def test_a_statement_at_an_unknown_time_is_not_judged_by_a_limit() -> None:
    content = {"t": [{"who": "Agent", "say": "this call may be recorded"}]}
    turns = {"turns": "t", "speaker": "who", "text": "say"}
    (found,) = spoken(content, turns, statements={"s": {"phrases": ENGLISH, "within_seconds": 9}})
    assert statement(found) == (None, None)
    (found,) = spoken(content, turns, statements={"s": {"phrases": ENGLISH}})
    assert statement(found) == (True, None)


def test_a_language_without_words_is_not_judged() -> None:
    text = cues((1, 2, "Agent: this call may be recorded"))
    declared = {"statements": {"s": {"phrases": ENGLISH}}}
    assert statement(vtt(text, language="en-GB", **declared)) == (True, 1.0)
    assert statement(vtt(text, language="fr", **declared)) == (None, None)
    assert statement(vtt(text, language="ja", **declared)) == (None, None)


def test_patterns_search_the_normalised_text_and_name_the_turn() -> None:
    text = cues((1, 2, "Agent: one"), (2, 3, "Agent: case No. ＡＢ-12"), (3, 4, "Agent: bye"))
    declared = {"s": {"patterns": {"en": [r"no\. [a-z]{2}-\d+"]}}}
    assert statement(vtt(text, statements=declared)) == (True, 2.0)
    text = cues((1, 2, "Agent：ええと"), (2, 3, "Agent：受付番号は１２３"))
    declared = {"s": {"patterns": {"ja": [r"番号は\d+"]}}}
    assert statement(vtt(text, statements=declared)) == (True, 2.0)


FLAGS = {
    "long_silence": {"measure": "silence_seconds", "above": 3},
    "no_notice": {"missing": "recording"},
    "threat": {"said": {"phrases": {"en": ["lawyer"], "ja": ["弁護士"]}, "speaker": "customer"}},
}


def test_each_ground_flags_a_call_and_names_itself() -> None:
    declared = {"statements": {"recording": {"phrases": ENGLISH}}, "flags": FLAGS}
    calm = cues((1, 2, "Agent: this call may be recorded"), (5, 6, "Abe: lawyers are fine"))
    assert (vtt(calm, **declared)["is_flagged"], vtt(calm, **declared)["flags"]) == (False, [])
    worst = vtt(cues((1, 2, "Agent: hi"), (5.001, 6, "Abe: my lawyer")), **declared)
    assert (worst["is_flagged"], worst["flags"]) == (True, ["long_silence", "no_notice", "threat"])


def test_a_rule_that_cannot_be_judged_leaves_the_flag_open_unless_another_holds() -> None:
    turns = {"turns": "t", "speaker": "who", "text": "say"}
    content = {"t": [{"who": "Abe", "say": "hello"}]}
    rules = {"long": FLAGS["long_silence"], "threat": FLAGS["threat"]}
    (found,) = spoken(content, turns, flags=rules)
    assert (found["is_flagged"], found["flags"]) == (None, [])
    content["t"][0]["say"] = "弁護士に相談します"
    (found,) = spoken(content, turns, flags=rules)
    assert (found["is_flagged"], found["flags"]) == (True, ["threat"])


@pytest.mark.parametrize(
    ("transcript", "what"),
    [
        ({"flags": {"x": {"missing": "nothing"}}}, "`nothing`, which is not declared"),
        ({"flags": {"x": {"measure": "talk_seconds"}}}, "go together"),
        ({"flags": {"x": {}}}, "exactly one of measure, missing, said"),
        ({"statements": {"x": {}}}, "at least one phrase"),
        ({"statements": {"x": {"phrases": {"en": ["…"]}}}}, "at least one phrase"),
        ({"statements": {"x": {"patterns": {"ja": ["("]}}}}, "no regular expression"),
        ({"name": "("}, "no regular expression"),
        ({"name": "abc"}, "no named group"),
        ({"turns": LINES}, "goes with format `transcript_json`"),
        ({"speakers": {}}, "at least 1 item"),
    ],
)
def test_declarations_that_make_no_sense_are_refused(transcript: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        vtt(VOICES, **transcript)


def test_transcript_and_format_go_together() -> None:
    with pytest.raises(ValueError, match="goes with format"):
        FileRead.model_validate({"pattern": "*", "format": "vtt"})
    with pytest.raises(ValueError, match="goes with format"):
        FileRead.model_validate({"pattern": "*", "transcript": {"speakers": SPEAKERS}})


# --- as rows for the mapping


def test_the_reading_layer_hands_calls_on_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.transcripts._CHUNK_CHARACTERS", 200)
    declared = {"speakers": SPEAKERS, "turns": LINES}
    read = FileRead.model_validate(
        {"pattern": "*", "format": "transcript_json", "transcript": declared}
    )
    content = "\n".join([CALL_1, "{oops", CALL_2]).encode()
    chunks = list(read_chunks(lambda: io.BytesIO(content), read, Place("src", "calls", "c.json")))
    assert [(len(chunk.rows), len(chunk.refusals)) for chunk in chunks] == [(1, 0), (1, 1)]
    assert chunks[1].rows.column("call").to_pylist() == ["2"]
    turns, _, _ = chunks[0].rows.exploded("turns")
    assert turns.column("turns.text").to_pylist() == ["a"]
    assert header_of(lambda: io.BytesIO(content), read, Place("src", "calls", "c.json")) is None


def test_signs_that_no_column_holds_do_not_get_through() -> None:
    (found,) = spoken('{"id": 1, "t": [{"who": "x", "say": "a\\u0000b"}]}', LINES)
    assert found.reason == "holds a NUL character"
    assert vtt(cues((1, 2, "Agent: a\0b")))["turns"][0]["text"] == "a\ufffdb"
