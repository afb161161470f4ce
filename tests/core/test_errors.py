"""Every code has one sentence, and no file can rewrite it."""

from __future__ import annotations

import pickle
import re
import string

import pytest

from core import errors
from core.errors import SENTENCES, HilumError, ImageFailed, ImageRefused, RunRefused, reason


def test_codes_are_unique_and_stay_readable() -> None:
    rows = [*errors._refusals(), *errors._cautions(), *errors._failures(), *errors._others()]
    assert len(rows) == len(SENTENCES)
    assert [row.code for row in rows if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row.code)] == []


def test_every_sentence_is_one_sentence_in_our_style() -> None:
    for row in SENTENCES.values():
        # A fact at the end is a sentence of its own.
        assert row.text.endswith((".", "{what}", "{why}{more}")), row.text
        assert "!" not in row.text and "please" not in row.text.lower() and "\n" not in row.text, row.text


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_every_sentence_takes_its_facts(code: str) -> None:
    facts = dict.fromkeys(SENTENCES[code].placeholders, "FACT")
    text = reason(code, **facts).text
    assert text.count("FACT") >= len(facts) and "{" not in text
    if facts:
        with pytest.raises(ValueError, match="needs"):
            reason(code)


@pytest.mark.parametrize("kind", [ImageRefused, ImageFailed, RunRefused])
def test_an_error_travels_between_processes_whole(kind: type[HilumError]) -> None:
    error = kind("truncated-pixels", present=3, declared=8)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.code, again.facts, again.reason, str(again)) == (error.code, error.facts, error.reason, str(error))


def test_facts_from_a_file_stay_on_their_line_and_in_their_direction() -> None:
    hostile = "CT\r\n\x1b[31m\u202eevil\u2066" + "long " * 100
    text = reason("not-projection", what=hostile).text
    assert text.isprintable() and len(text) < 300 and "\u202e" not in text and "\u2066" not in text


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        ImageRefused("no-such-code")


def test_sentences_name_each_fact_by_a_word() -> None:
    for row in SENTENCES.values():
        names = [name for _text, name, _spec, _conversion in string.Formatter().parse(row.text) if name is not None]
        assert all(name.isidentifier() for name in names), row.text
