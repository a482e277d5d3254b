"""Commitments proposed from an outline: all of the register, no more, and the reason of every mention that is none."""

import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import sample_outline
from plancore import cli, load, outline, schema
from plancore.outline import amounts, commitments


@pytest.fixture(scope="module")
def candidates(source_lines) -> pd.DataFrame:
    return numbered(commitments.candidates("\n".join(source_lines)))


@pytest.fixture(scope="module")
def made_up() -> pd.DataFrame:
    return numbered(commitments.candidates(sample_outline.TEXT))


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(line=frame["lines"].str.partition("-")[0].astype(int))


def said(text: str, title: str = "青川省国民经济和社会发展第十四个五年规划纲要") -> list[dict]:
    """The candidates of one sentence under a title."""
    frame = numbered(commitments.candidates(f"{title}\n{text}"))
    return frame[frame["line"] > 1].to_dict("records")


def accepted(text: str) -> list[tuple]:
    return [(r["value"], r["unit_zh"], r["bound"], r["target_year"], r["kind"]) for r in said(text) if r["accepted"]]


def reasons(text: str) -> dict[str, str]:
    """The first letters of the words around each mention that is refused, to its reason."""
    return {r["text_near"]: r["reason"] for r in said(text) if not r["accepted"]}


@pytest.fixture(scope="module")
def matched(candidates) -> tuple[list[tuple[dict, dict]], list[str], pd.DataFrame]:
    """Pairs of a row of the register and a candidate, ids without one, candidates without a row."""
    free, pairs, lacking = candidates[candidates["accepted"]], [], []
    for row in load.commitments("zj14").to_dict("records"):
        first, last = map(int, row["lines"].split("-"))
        high = 0 if pd.isna(row["value_high"]) else row["value_high"]
        same = free[((free["value"] - row["value"]).abs() < 1e-6) & (free["target_year"] == row["target_year"])
                    & free["line"].between(first, last) & (free["value_high"].fillna(0) == high)]
        if same.empty:
            lacking.append(row["id"])
        else:
            pairs.append((row, same.iloc[0].to_dict()))
            free = free.drop(same.index[0])
    return pairs, lacking, free


class TestOutline:
    """Against the register, which was read by hand, one candidate for one row."""

    def test_recall(self, matched):
        pairs, lacking, _ = matched
        assert len(pairs) / (len(pairs) + len(lacking)) >= 0.95, lacking

    def test_precision(self, matched):
        pairs, _, free = matched
        assert len(pairs) / (len(pairs) + len(free)) >= 0.95, free[["lines", "text_near"]].values.tolist()

    @pytest.mark.parametrize("column", ["bound", "kind", "chapter", "box"])
    def test_they_say_the_same(self, matched, column):
        unlike = [row["id"] for row, found in matched[0] if str(row[column]) != str(found[column])]
        assert unlike == []

    def test_units_up_to_what_is_counted(self, matched):
        """The register names the things, 个平台, where the text counts 个 or 项."""
        for row, found in matched[0]:
            assert row["unit_zh"] == found["unit_zh"] or found["unit_zh"][0] in "个项套" and row["unit_zh"][0] in "个套", row["id"]

    @pytest.mark.parametrize("line, near, reason", [
        (1249, "152", "name"), (519, "前列", "vague"), (1196, "626", "name"), (1104, "1+2+10+X", "code"), (958, "G60", "code"),
        (19, "98%", "past"), (17, "6万亿元", "past"), (511, "四大", "name"), (1329, "一带一路", "name"), (1000, "3.0版", "version"),
        (992, "2030", "year"), (921, "88.9%", "table"), (577, "2.8", "table"), (1062, "2.0版", "version"), (1128, "5G", "code"),
        (1136, "六个千亿", "name"), (1078, "前10", "qualifier"), (1033, "千亿元", "qualifier"), (1142, "10", "heading"), (943, "千名", "name"),
        (1270, "三年", "duration"), (513, "一批", "vague"), (1292, "531X", "code"), (1160, "两个", "class"), (1249, "1.", None)])
    def test_what_is_no_commitment(self, candidates, line, near, reason):
        found = candidates[(candidates["line"] == line) & ~candidates["accepted"] & candidates["text_near"].str.contains(near, regex=False)]
        assert (reason in set(found["reason"])) if reason else found.empty

    def test_every_mention_of_a_number_is_listed(self, candidates, source_lines):
        """Every run of digits of every line is inside some mention."""
        for n, line in enumerate(source_lines, 1):
            left = list(line)
            for mention in amounts.mentions(line):
                left[mention.start:mention.stop] = " " * (mention.stop - mention.start)
            assert not any(c.isdecimal() for c in left), (n, "".join(left))
            assert (candidates["line"] == n).sum() >= len(amounts.mentions(line))

    def test_only_a_few_letters_of_the_text(self, candidates, source_lines):
        assert candidates["text_near"].str.len().max() <= 20 and candidates["subject"].str.len().max() <= 16
        for row in candidates.to_dict("records"):
            assert row["text_near"] in source_lines[row["line"] - 1]


class TestMadeUp:
    """Another layout: parts, chapters, sections, full-width signs, boxes in 【】, a table with tabs, the 15th plan."""

    def test_all_that_a_person_would_mark_and_no_more(self, made_up):
        found = made_up[made_up["accepted"]]
        columns = found[["line", "value", "value_high", "unit_zh", "bound", "target_year", "kind"]].astype(object)
        read = [tuple(None if pd.isna(v) else v for v in row) for row in columns.itertuples(index=False)]
        assert sorted(read, key=str) == sorted(sample_outline.EXPECTED, key=str)

    @pytest.mark.parametrize("line, near, reason", sample_outline.REFUSED)
    def test_the_reason_of_the_others(self, made_up, line, near, reason):
        halved = near.translate(amounts.FULL_WIDTH)
        found = made_up[(made_up["line"] == line) & made_up["text_near"].str.contains(halved, regex=False)]
        assert reason in set(found["reason"])

    def test_chapters_and_boxes_as_printed(self, made_up):
        for line, chapter in sample_outline.CHAPTERS.items():
            assert set(made_up.loc[made_up["line"] == line, "chapter"]) == {chapter}
        for line, box in sample_outline.BOXES.items():
            assert set(made_up.loc[made_up["line"] == line, "box"]) == {box}

    def test_where_the_year_is_said(self, made_up):
        source = made_up[made_up["accepted"]].groupby("line")["year_from"].agg(set)
        assert source[19] == {"sentence", "paragraph"} and source[32] == {"sentence"} and source[17] == {"heading"} and source[49] == {"plan"}


@pytest.mark.parametrize("text, expected", sample_outline.MORE.values(), ids=sample_outline.MORE)
def test_other_outlines(text, expected):
    found = numbered(commitments.candidates(text)).query("accepted")
    assert list(zip(found["line"], found["value"], found["unit_zh"])) == list(expected)


class TestRules:
    @pytest.mark.parametrize("text, expected", [
        ("新增床位1.5万张以上。", [(1.5, "万张", "at_least", 2025, "count")]),
        ("生产总值超过3万亿元，人均达到9.5万元。", [(30000, "亿元", "more_than", 2025, "target"), (95000, "元", "equal", 2025, "target")]),
        ("产值、利润分别突破1.2万亿元、800亿元。", [(12000, "亿元", "more_than", 2025, "target"), (800, "亿元", "more_than", 2025, "target")]),
        ("到2023年建成5G基站12万座。", [(12, "万座", "equal", 2023, "count")]),
        ("单位能耗降低13.5%，煤炭占比下降5个百分点。", [(13.5, "%", "equal", 2025, "target"), (5, "个百分点", "equal", 2025, "target")]),
        ("设立总规模500亿元的产业基金。", [(500, "亿元", "equal", 2025, "target")]),
        ("企业开办时间压缩至0.5个工作日以内。", [(0.5, "个工作日", "at_most", 2025, "target")]),
        ("培育营业收入超千亿元的企业3家。", [(3, "家", "equal", 2025, "count")]),
        ("由2020年的2.8%提高到3.2%左右。", [(3.2, "%", "about", 2025, "share")]),
        ("孕产妇死亡率控制在万分之一以内。", [(0.01, "%", "at_most", 2025, "share")]),
        ("运营里程翻两番，收入翻一番。", [(4, "倍", "equal", 2025, "target"), (2, "倍", "equal", 2025, "target")]),
        ("困难群众应救尽救。", [(100, "%", "equal", 2025, "status")]),
        ("每年培训新型农民1000人，五年新增技能人才2万人。", [(1000, "人/年", "equal", 2025, "count"), (2, "万人", "equal", 2025, "count")]),
        ("港口吞吐量进入全球前三位。", [(3, "位", "at_most", 2025, "rank")]),
        ("建设三百五十所小学。", [(350, "所", "equal", 2025, "count")]),
        ("完成投资3.5万亿元（其中2022年完成6000亿元）。", [(35000, "亿元", "equal", 2025, "investment"), (6000, "亿元", "equal", 2022, "investment")])])
    def test_accepts(self, text, expected):
        assert accepted(text) == expected

    @pytest.mark.parametrize("text, reason", [
        ("2020年生产总值达到5000亿元。", "past"), ("“十三五”以来，新增就业30万人。", "past"), ("已建成博物馆120座。", "past"),
        ("对小微企业按20%的税率征税。", "promise"), ("落实第12条规定。", "document"), ("打造一批示范园。", "vague"),
        ("65岁以上老年人达到新水平。", "class"), ("每千人口拥有床位。", "denominator"), ("推进“百园千企”工程。", "name"),
        ("统筹国内国际两个市场。", "class"), ("面向第三代半导体。", "ordinal"), ("推动五大产业。", "class"), ("开展三年行动。", "duration"),
        ("在三个方面实现突破。", "class"), ("依据《条例（2019年修订）》第3号。", "document"), ("拨打12345热线实现", "unit")])
    def test_refuses(self, text, reason):
        assert reason in set(reasons(text).values()) and not accepted(text)

    def test_no_year_is_made_up(self):
        row = said("建设学校30所。", title="一份没有年份的文件")[0]
        assert row["accepted"] and pd.isna(row["target_year"]) and row["year_from"] == ""

    def test_one_number_said_of_several_things_is_one_candidate_each(self):
        assert [r["subject"] for r in said("收入、产值和利润、税收比2020年翻一番。") if r["accepted"]] == ["收入", "产值和利润", "税收"]

    def test_reasons_and_kinds_are_known_words(self, made_up):
        assert set(made_up["reason"]) <= {"", *amounts.REASONS}
        assert set(made_up.loc[made_up["accepted"], "kind"]) <= set(schema.VOCABULARIES["commitment"])
        assert set(made_up["bound"]) <= set(schema.VOCABULARIES["bound"])


@pytest.mark.parametrize("text, value", [("三百五十", 350), ("千", 1000), ("十五", 15), ("两千", 2000), ("一万二千", 12000), ("三亿", 3e8), ("二十", 20),
                                         ("1,200", 1200), ("0.5", 0.5), ("七点五", 7.5), ("一二", None), ("", None), ("9" * 16, None), ("百亿", 1e10)])
def test_numbers(text, value):
    assert amounts.number(text) == value


@pytest.mark.parametrize("value, times, unit, expected", [(8.5, "万亿", "元", (85000, "亿元")), (13, "万", "元", (130000, "元")), (5, "万", "名", (5, "万人")),
                                                          (3, "千亿", "元", (3000, "亿元")), (2, "千", "米", (2000, "米")), (1, "百万", "人", (100, "万人"))])
def test_units(value, times, unit, expected):
    assert amounts.scaled(value, times, unit) == expected


@pytest.mark.parametrize("text, year", [
    ("第十三个五年规划", 2020), ("“十五五”规划", 2030), ("“十四五”时期", 2025), ("没有", None), ("第九个五年规划", 2000),
    ("青川市“十五五”规划纲要\n" + "“十四五”时期。" * 30, 2030),  # the title says it, however much the text looks back
    ("纲要\n" + "“十四五”时期的任务。" * 40 + "展望“十五五”时期。", 2025), ("某规划（2021—2025年）\n到2023年", 2025)])
def test_last_year_of_a_plan(text, year):
    assert commitments.last_year(text) == year


class TestWritten:
    def test_csv_reads_back(self, made_up):
        frame = made_up.drop(columns="line")
        back = pd.read_csv(io.StringIO(commitments.to_csv(frame)), dtype={"box": str}, keep_default_na=False)
        assert list(back) == commitments.COLUMNS and len(back) == len(frame)
        assert list(back["accepted"]) == list(frame["accepted"]) and list(back["text_near"]) == list(frame["text_near"])
        for column in ("value", "value_high", "target_year"):
            read, own = pd.to_numeric(back[column].astype(str), errors="coerce"), frame[column].astype(float)
            assert list(read.isna()) == list(own.isna()) and (read - own).abs().max() < 1e-9

    def test_the_command_writes_it(self, tmp_path):
        text, out = tmp_path / "plan.txt", tmp_path / "out.csv"
        text.write_text(sample_outline.TEXT, encoding="utf-8")
        done = CliRunner().invoke(cli.app, ["extract", str(text), "--commitments", "-o", str(out)])
        assert done.exit_code == 0 and f"proposed: {len(sample_outline.EXPECTED)}," in done.stderr
        assert out.read_text(encoding="utf-8") == commitments.to_csv(commitments.candidates(sample_outline.TEXT))
        printed = CliRunner().invoke(cli.app, ["extract", str(text), "--commitments"])
        assert printed.stdout == out.read_text(encoding="utf-8")

    @pytest.mark.parametrize("content, arguments, code", [(b"\x00\x01\x02\xff\xfe", ["--commitments"], 3), ("到2025年".encode(), [], 3), (None, ["--commitments"], 2)])
    def test_wrong_use_is_said(self, tmp_path, content, arguments, code):
        path = tmp_path / "plan.txt"
        path.write_bytes(content) if content is not None else None
        done = CliRunner().invoke(cli.app, ["extract", str(path), *arguments])
        assert done.exit_code == code and not isinstance(done.exception, (ValueError, OSError))

    def test_every_kind_of_file_that_tables_are_read_from(self, tmp_path):
        import docx

        plain, chinese, page, word = (tmp_path / name for name in ("a.txt", "b.txt", "c.html", "d.docx"))
        plain.write_text(sample_outline.TEXT, encoding="utf-8")
        chinese.write_bytes(sample_outline.TEXT.encode("gb18030"))
        page.write_text("<html><body>" + "".join(f"<p>{line}</p>" for line in sample_outline.TEXT.splitlines()) + "</body></html>", encoding="utf-8")
        document = docx.Document()
        for line in sample_outline.TEXT.splitlines():
            document.add_paragraph(line)
        document.save(word)
        values = [commitments.candidates(outline.text_of(f)).query("accepted")["value"].tolist() for f in (plain, chinese, page, word)]
        assert len(values[0]) == len(sample_outline.EXPECTED) and values[1:] == [values[0]] * 3

    def test_an_empty_text_has_no_candidates(self):
        for text in ("", "\n", "\ufeff", "没有数字。"):
            assert commitments.candidates(text).empty and list(commitments.candidates(text)) == commitments.COLUMNS


LETTERS = "一二三十百千万亿零〇两个家项名年%％.,，、。；;第前到至—-“”《》（）()【】专栏章节注0123456789２０25五规划达到以上左右约超过全覆盖翻番分之每已所有\t|\n 元亩人A+G"


class TestAnyText:
    @settings(max_examples=settings.default.max_examples * 4)
    @given(st.one_of(st.text(max_size=300), st.text(alphabet=LETTERS, max_size=300)))
    def test_never_fails_and_keeps_its_promises(self, text):
        frame = commitments.candidates(text)
        lines = text.translate(amounts.FULL_WIDTH).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for row in frame.to_dict("records"):
            first, last = map(int, row["lines"].split("-"))
            assert 1 <= first == last <= len(lines) and row["text_near"] in lines[first - 1] and len(row["text_near"]) <= 20
            assert row["accepted"] == (row["reason"] == "") and row["bound"] in schema.VOCABULARIES["bound"]
            if row["accepted"]:
                assert row["value"] == row["value"] and abs(row["value"]) < 1e20 and row["kind"] in schema.VOCABULARIES["commitment"]
        assert commitments.to_csv(frame).count("\n") >= len(frame)

    @pytest.mark.by_day(4)
    @pytest.mark.parametrize("text", ["1" * 20000, "一" * 20000, "1," * 10000, "“" * 20000, "所有" * 10000, "第" * 20000, "1+" * 10000, "分之" * 10000,
                                      "a1" * 10000, "全覆盖" * 5000, "《" + "1" * 20000, "到2025年" * 4000, "1个、" * 8000, "\n" * 20000, "(" * 20000])
    def test_hostile_repetition_ends(self, text):
        assert isinstance(commitments.candidates(text), pd.DataFrame)
