"""The Word document: its measures opened again, its bytes, what an office suite makes of it."""

import datetime
import io
import re
import zipfile

import docx
import pypdf
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from briefed import everything, made
from plancore import load, wording
from plancore.downloads import document

HOSTILE = "<script>alert('1')</script> =HYPERLINK(\"x\") & ]]> \x00\x0b\ud800\ttab" + "长" * 450
A4 = (595, 842)


def opened(content: bytes) -> docx.document.Document:
    return docx.Document(io.BytesIO(content))


@pytest.fixture(scope="module")
def case():
    return made()


@pytest.fixture(scope="module")
def file(case):
    return opened(case.docx)


def style(file, name: str) -> dict:
    """Chinese and Latin typeface, size and line pitch in points, as an office suite reads them."""
    found = next(s for s in file.styles if s.name == name)
    fonts, default = found.element.rPr.find(qn("w:rFonts")), file.styles.element.find(".//" + qn("w:rFonts"))
    return {"chinese": fonts.get(qn("w:eastAsia")), "latin": default.get(qn("w:ascii")), "size": found.font.size.pt,
            "pitch": found.paragraph_format.line_spacing.pt, "rule": found.paragraph_format.line_spacing_rule,
            "align": found.paragraph_format.alignment, "chars": found.element.pPr.find(qn("w:ind")).get(qn("w:firstLineChars"))}


@pytest.mark.parametrize("name, chinese, size, pitch, align, chars", [
    ("Title", "方正小标宋简体", 22, 36, 1, "0"), ("Body Text", "仿宋_GB2312", 16, 28, 3, "200"),
    ("Heading 1", "黑体", 16, 28, 3, "200"), ("Subtitle", "楷体_GB2312", 16, 28, 1, "0"), ("Cell", "仿宋_GB2312", 8, 10.5, 0, "0")])
def test_type_is_that_of_official_documents(file, name, chinese, size, pitch, align, chars):
    """GB/T 9704: body 3号 (16 pt) 仿宋, headings 黑体, title 2号 (22 pt) 小标宋, 28 pt pitch."""
    assert style(file, name) == {"chinese": chinese, "latin": "Times New Roman", "size": size, "pitch": pitch, "rule": 4,
                                 "align": align, "chars": chars}


def test_no_typeface_comes_from_a_theme_or_template(file):
    assert "Theme" not in file.styles.element.xml and len(list(file.styles)) < 25
    used = {p.style.name for p in file.paragraphs}
    assert used <= {"Title", "Subtitle", "Heading 1", "Body Text", "Annex Mark", "Annex Title", "Annex Subtitle", "Annex Note"}


def test_every_sentence_stands_in_the_document_once_and_in_order(case, file):
    paragraphs = ["".join(part["text"]).rstrip() for _, part in case.text.groupby("paragraph")]
    assert [p.text.rstrip() for p in file.paragraphs if p.text] == paragraphs


def test_upright_pages_then_wide_ones(file):
    upright, wide = file.sections
    assert (round(upright.page_width.mm), round(upright.page_height.mm)) == (210, 297) and upright.orientation == WD_ORIENT.PORTRAIT
    margins = [round(m.mm) for m in (upright.top_margin, upright.bottom_margin, upright.left_margin, upright.right_margin)]
    assert margins == [37, 35, 28, 26]
    assert (round(wide.page_width.mm), round(wide.page_height.mm)) == (297, 210) and wide.orientation == WD_ORIENT.LANDSCAPE


def test_page_number_is_a_field_between_dashes(file):
    footer = file.sections[0].footer
    field, = footer._element.iter(qn("w:fldSimple"))
    assert field.get(qn("w:instr")).strip() == "PAGE" and file.sections[1].footer.is_linked_to_previous
    assert "".join(t.text for t in footer._element.iter(qn("w:t"))) == "— 1 —"
    assert footer.paragraphs[0].style.font.size == Pt(14)


def test_the_table_repeats_its_header_and_splits_no_row(case, file):
    table, = file.tables
    rows = [r._tr.trPr for r in table.rows]
    assert rows[0].find(qn("w:tblHeader")) is not None and all(r.find(qn("w:cantSplit")) is not None for r in rows)
    assert [r.find(qn("w:tblHeader")) for r in rows[1:]] == [None] * len(case.table)
    cells = [[t.text for t in r._tr.iter(qn("w:t"))] for r in table.rows]
    assert [[c or "" for c in row] for row in cells] == [list(case.labels.values()), *case.table.to_numpy().tolist()]
    widths = [int(g.get(qn("w:w"))) for g in table._tbl.iter(qn("w:gridCol"))]
    assert abs(sum(widths) - Mm(297 - 36).twips) < 20 and not list(table._tbl.iter(qn("w:gridSpan"), qn("w:vMerge")))


def test_footnotes_are_real_and_numbered_through(case):
    with zipfile.ZipFile(io.BytesIO(case.docx)) as parts:
        notes, body = parts.read("word/footnotes.xml").decode(), parts.read("word/document.xml").decode()
        names = parts.namelist()
        types = parts.read("[Content_Types].xml").decode()
    wanted = [n for n in case.text["note"] if n]
    assert re.findall(r'<w:footnoteReference w:id="(\d+)"', body) == [str(n) for n in range(1, len(wanted) + 1)]
    assert [n.strip() for n in re.findall(r"<w:t [^>]*>([^<]*)</w:t>", notes)] == wanted
    assert "separator" in notes and "/word/footnotes.xml" in types and not [n for n in names if "thumbnail" in n or "Effects" in n]


def test_the_bytes_are_the_same_each_time(case):
    assert document.write(case.text, case.table, case.labels, "zh") == case.docx
    with zipfile.ZipFile(io.BytesIO(case.docx)) as parts:
        assert {i.date_time for i in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)} and parts.testzip() is None
    properties = opened(case.docx).core_properties
    assert properties.title == case.text["text"].iloc[0] and properties.created == properties.modified == datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def test_fallbacks_are_named_for_each_typeface(case):
    with zipfile.ZipFile(io.BytesIO(case.docx)) as parts:
        fonts = parts.read("word/fontTable.xml").decode()
    assert {f for _, f, *_ in document.STYLES.values()} - {"宋体"} == set(document.FALLBACKS)
    assert all(f'w:name="{name}"' in fonts for name in document.FALLBACKS)


EDITIONS = [("zj14", 2025, "internal", "zh"), ("zj14", 2023, "internal", "zh"), ("zj14", 2025, "public", "zh"), ("zj14", 2025, "internal", "en")]


@pytest.fixture(scope="module")
def printed(office, tmp_path_factory) -> dict:
    """Each document as LibreOffice prints it: its case, and the sizes and the text, without blanks, of its pages."""
    cases = {edition: made(*edition) for edition in EDITIONS} | {
        "everything": made("zj14", 2023, observations=everything("zj14", 2023)), "hostile": made(name_zh={"1": HOSTILE, "16": HOSTILE}),
        "nothing": made("zj13", 2016, observations=load.observations("zj", "today").query("indicator == 'population'"))}
    folder = tmp_path_factory.mktemp("briefings")
    files = [folder / f"{n}.docx" for n in range(len(cases))]
    for file, case in zip(files, cases.values()):
        file.write_bytes(case.docx)
    return {name: (case, *pages(pdf)) for (name, case), pdf in zip(cases.items(), office(files, "pdf"))}


def pages(pdf) -> tuple[list[tuple], list[str]]:
    read = pypdf.PdfReader(pdf).pages
    sizes = [(round(float(p.mediabox.width)), round(float(p.mediabox.height))) for p in read]
    return sizes, [re.sub(r"\s", "", p.extract_text()) for p in read]


def bare(said: str) -> str:
    return re.sub(r"\s", "", said)


@pytest.mark.nightly
@pytest.mark.office
@pytest.mark.parametrize("plan, as_of, edition, lang", EDITIONS)
def test_two_pages_of_text_then_the_annex_on_its_side(printed, plan, as_of, edition, lang):
    case, sizes, texts = printed[plan, as_of, edition, lang]
    assert sizes[:2] == [A4, A4] and len(sizes) > 3 and set(sizes[2:]) == {A4[::-1]}
    lead, = case.text.loc[case.text["part"] == "lead", "text"]
    assert bare(lead) in texts[0] and wording.text(edition, lang).replace(" ", "") in texts[0]
    assert all(f"—{n}—" in text for n, text in enumerate(texts, 1))
    header = bare("".join(list(case.labels.values())[:3]))
    rows = [n for n, text in enumerate(texts) if header in text]
    assert set(rows) >= set(range(2, len(texts) - 1)) and 0 not in rows
    table = "".join(texts[2:])
    assert all(bare(r) in table for r in case.table["indicator"]) if lang == "zh" else bare(case.table["note"].iloc[0]) in table
    note = next(n for n in case.text["note"] if n)
    assert bare(note) in texts[0]


@pytest.mark.office
@pytest.mark.nightly
def test_two_pages_even_when_everything_can_be_assessed(printed):
    _, sizes, _ = printed["everything"]
    assert sizes[:3] == [A4, A4, A4[::-1]]


@pytest.mark.office
@pytest.mark.nightly
def test_hostile_names_stay_text(printed):
    case, _, texts = printed["hostile"]
    clean = re.sub("[\x00\x0b\ud800]", lambda m: " " if m[0] == "\x0b" else "", HOSTILE).replace("\t", " ")
    file = opened(case.docx)
    assert any(clean in p.text for p in file.paragraphs) and file.tables[0].rows[1].cells[2].text == clean
    assert "<script>alert('1')</script>=HYPERLINK" in texts[0] + texts[1]
    assert "长" * 450 in re.sub(r"[^长]", "", "".join(texts))


@pytest.mark.office
@pytest.mark.nightly
def test_where_nothing_is_known_it_says_so(printed):
    case, sizes, _ = printed["nothing"]
    assert "18项约束性指标中0项可评估，15项预期性指标中0项可评估，暂无法评估33项" in "".join(case.text["text"])
    assert sizes[0] == A4
