"""The words of `wording/words.csv`: one for each key and language, and what is refused when a translator's file is wrong."""

import string

import pytest

from plancore import wording


def fields(text: str) -> set[str]:
    return {name for _, name, *_ in string.Formatter().parse(text) if name is not None}


def test_both_languages_fill_in_the_same_values():
    """English may say "the plan" where Chinese names it."""
    assert len(wording.words()) > 1000
    assert {key: fields(zh) ^ fields(en) for key, (zh, en) in wording.words().items() if fields(zh) ^ fields(en)} == {
        "gap_says": {"plan"}, "review_says": {"plan"}, "bridge_says": {"to"}, "coverage_says": {"plan"}}


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_spreadsheet_may_save_it(tmp_path, mark, end):
    path = tmp_path / "words.csv"
    path.write_bytes(end.join([mark + "subject,key,zh,en", 'apps,"a","甲，""{x}"""," A, {x}"', "apps,b,乙,B"]).encode())
    assert wording.read(path) == {"a": ["甲，\"{x}\"", " A, {x}"], "b": ["乙", "B"]}


@pytest.mark.parametrize("lines, told", [
    (["apps,a,甲,A", "apps,b,乙,B", "site,a,丙,C"], "words.csv:4: 'a' stands twice"),
    (["apps,a,甲,"], "words.csv:2: 'a' needs a text in each language: zh, en"), (["apps,a,甲"], "words.csv:2: 'a' needs a text"),
    (["apps,a,甲,A,B"], "words.csv:2: 'a' needs a text"), (["", "apps,a,甲,A"], "words.csv:2: not enough values")])
def test_a_wrong_line_is_named(tmp_path, lines, told):
    path = tmp_path / "words.csv"
    path.write_text("\n".join(["subject,key,zh,en", *lines]), encoding="utf-8")
    with pytest.raises(ValueError, match=told):
        wording.read(path)


@pytest.mark.parametrize("whole, told", [("key,zh,en\na,甲,A".encode(), "the header is not subject,key,zh,en"), (b"", "the header"),
                                         ("subject,key,zh,en\napps,a,甲,A".encode("gbk"), "utf-8")])
def test_another_file_is_refused(tmp_path, whole, told):
    path = tmp_path / "words.csv"
    path.write_bytes(whole)
    with pytest.raises(ValueError, match=f"words.csv:[01]: .*{told}"):
        wording.read(path)
