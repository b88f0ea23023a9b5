"""Free-text answers in Japanese and English, by topic and sentiment."""

from __future__ import annotations

import numpy as np

from cli.demo.company import planted
from cli.demo.company.calendar import Ints, Texts
from cli.demo.company.wording import DEVICES, ENDINGS, OPENINGS, PERSONAL, SENTENCES

POSITIVE, NEGATIVE = "positive", "negative"


def write_comments(
    rng: np.random.Generator, *, languages: Texts, topics: Ints, positive: Ints
) -> list[str]:
    """One comment per element; ``topics`` index the drivers, ``positive`` is 1 or 0."""
    draws = rng.integers(0, 2**31, size=(len(languages), 4))
    return [
        _comment(str(language), planted.DRIVERS[topic], POSITIVE if good else NEGATIVE, draw)
        for language, topic, good, draw in zip(
            languages, topics.tolist(), positive.tolist(), draws.tolist(), strict=True
        )
    ]


def with_personal_data(comment: str, language: str, *, number: int) -> str:
    """The comment with a made-up mail address or telephone number, as respondents do write."""
    forms = PERSONAL[language]
    return comment + forms[number % len(forms)].format(number=number)


def topic_of(rng: np.random.Generator, ratings: Ints, positive: Ints) -> Ints:
    """The driver a respondent writes about: the best rated when content, else the worst."""
    jitter = rng.random(ratings.shape) * 1.5
    best = np.argmax(ratings + jitter, axis=1)
    worst = np.argmin(ratings + jitter, axis=1)
    topic: Ints = np.where(positive == 1, best, worst).astype(np.int64)
    return topic


def _comment(language: str, topic: str, sentiment: str, draw: list[int]) -> str:
    sentences = SENTENCES[language][topic][sentiment]
    openings = OPENINGS[language][sentiment]
    endings = ENDINGS[language][sentiment]
    devices = DEVICES[language]
    body = sentences[draw[0] % len(sentences)].format(device=devices[draw[1] % len(devices)])
    return openings[draw[2] % len(openings)] + body + endings[draw[3] % len(endings)]
