"""Paragraphs and a table as a Word document in official document style (GB/T 9704), the same bytes each time."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from html import escape

import docx
import pandas as pd
from docx.document import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.section import Section
from docx.shared import Mm

from plancore import wording

SONG, FANG, HEI, KAI, LATIN = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "Times New Roman"
FALLBACKS = {SONG: "小标宋体,华文中宋,宋体", FANG: "仿宋,FangSong,华文仿宋", HEI: "SimHei,微软雅黑", KAI: "楷体,KaiTi,华文楷体"}
"""The typefaces of official documents, and what an office suite may take where one is not installed."""
SCALE, LETTER = {"zh": 1.0, "en": 0.75}, {"zh": 0.5, "en": 0.45}
"""Latin text is set at three quarters of the sizes of `STYLES`, to keep the same sentences to the same two pages; and the mean

width of a letter, in shares of its size."""
STYLES = {
    "title": ("Title", SONG, 22, 36, "center", 0), "dateline": ("Subtitle", KAI, 16, 28, "center", 0),
    "heading": ("heading 1", HEI, 16, 28, "both", 2), "body": ("Body Text", FANG, 16, 28, "both", 2),
    "annex": ("Annex Mark", HEI, 16, 28, "left", 0), "annex_title": ("Annex Title", SONG, 18, 26, "center", 0),
    "annex_dateline": ("Annex Subtitle", KAI, 12, 20, "center", 0), "footer": ("footer", "宋体", 14, 18, "center", 0),
}
"""Each part's style: name, Chinese typeface, size and exact line pitch in points, alignment, indent in characters."""
SMALL = {"annex_note": ("Annex Note", FANG, 9, 13, "both", 0), "footnote": ("footnote text", FANG, 9, 12, "both", 0),
         "cell": ("Cell", FANG, 8, 10.5, "left", 0), "head": ("Cell Head", HEI, 8, 10.5, "center", 0)}
"""Small print, of the same size in both languages."""
UPRIGHT = {"page_width": Mm(210), "page_height": Mm(297), "orientation": WD_ORIENT.PORTRAIT, "top_margin": Mm(37),
           "bottom_margin": Mm(35), "left_margin": Mm(28), "right_margin": Mm(26), "footer_distance": Mm(25)}
WIDE = {"page_width": Mm(297), "page_height": Mm(210), "orientation": WD_ORIENT.LANDSCAPE, "top_margin": Mm(26),
        "bottom_margin": Mm(24), "left_margin": Mm(18), "right_margin": Mm(18), "footer_distance": Mm(14)}
WIDTHS = {
    "zh": {"category": 10, "row": 8, "indicator": 28, "unit": 13, "attribute": 11, "baseline": 12, "target": 20, "against_path": 22,
           "assessment": 20, "figure_from": 33, "department": 14, "note": 29},
    "en": {"category": 20, "row": 7, "indicator": 32, "unit": 17, "attribute": 18, "baseline": 11, "target": 18, "against_path": 18,
           "assessment": 25, "figure_from": 27, "department": 12, "note": 27}}
"""Shares of the table's width; a column that is not named here, a year, takes `YEAR`."""
YEAR, TABLE = 10.3, Mm(261).twips
_ALIGNED = (dict.fromkeys(("category", "row", "unit", "attribute", "assessment"), "center")
            | dict.fromkeys(("baseline", "target", "against_path"), "right"))
_REPLACED = ("stylesWithEffects", "customXml", "numbering", "webSettings", "thumbnail", "fontTable")
_ROOM = tuple((UPRIGHT[size] - UPRIGHT[a] - UPRIGHT[b]) / Mm(25.4) * 72 for size, a, b in (
    ("page_width", "left_margin", "right_margin"), ("page_height", "top_margin", "bottom_margin")))
"""Width and height of the text of a page, in points."""
_MOMENT = datetime.datetime(2020, 1, 1)
_NOT_XML = re.compile("[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@wording.localized
def write(text: pd.DataFrame, annex: pd.DataFrame, labels: dict[str, str], lang: str) -> bytes:
    """Return the document: `text` (paragraph, part, text, note) with real footnotes, then `annex` on landscape pages.

    `text` of `briefing.text`: from part `annex` on all stands on landscape pages, `annex_note` below the table.
    `annex`: all cells text; `labels`: its column names in words.
    """
    document = docx.Document()
    _prepare(document, lang)
    _add_footnotes(document, [said for said in text["note"] if said], lang)
    numbers = iter(range(1, len(text) + 1))
    for _, sentences in text.groupby("paragraph"):
        part = sentences["part"].iloc[0]
        if part == "annex":
            _turn(document)
        if part == "annex_note":
            _add(document, _table(annex, labels, lang))
        _add(document, _paragraph(part, sentences, numbers))
    properties = document.core_properties
    properties.title, properties.author = _clean(text["text"].iloc[0])[:255], "plancore"
    properties.last_modified_by = properties.comments = ""
    properties.created = properties.modified = _MOMENT
    return _packed(document)


def pages(text: pd.DataFrame, lang: str) -> float:
    """Return about how many pages the text takes before the annex, its footnotes included; a full page counts whole lines only."""
    body = text[~text["part"].str.startswith("annex")]
    taken = sum(_height(part["part"].iloc[0], "".join(part["text"]), lang) for _, part in body.groupby("paragraph"))
    return (taken + sum(_height("footnote", said, lang) for said in body["note"] if said)) / (_ROOM[1] // 28 * 28)


def _height(part: str, said: str, lang: str) -> float:
    """Points that a paragraph takes: a Chinese character is as wide as its size, another about half, with a little between them."""
    _, _, size, pitch, _, indent = SMALL.get(part) or STYLES.get(part, STYLES["body"])
    scale = 1 if part in SMALL else SCALE[lang]
    wide = [c > "\u2e80" for c in said]
    width = size * scale * (indent + sum(1 if w else LETTER[lang] for w in wide) + sum(0.2 for a, b in zip(wide, wide[1:]) if a != b))
    return -(-width // _ROOM[0]) * pitch * scale


def _prepare(document: Document, lang: str) -> None:
    """Paper, styles, typefaces and page number in place of the template's."""
    _set(document.sections[0], UPRIGHT)
    for holder in (document.part, document.part.package):
        for key in [k for k, r in holder.rels.items() if r.reltype.endswith(_REPLACED)]:
            del holder.rels[key]
    styles = document.styles.element
    for child in list(styles):
        styles.remove(child)
    styles.extend(_styles(lang))
    fonts = "".join(f'<w:font w:name="{name}"><w:altName w:val="{others}"/></w:font>' for name, others in FALLBACKS.items())
    _attach(document, "fontTable", CONTENT_TYPE.WML_FONT_TABLE, RELATIONSHIP_TYPE.FONT_TABLE, "fonts", fonts)
    footer = document.sections[0].footer._element
    footer.clear()
    footer.append(_element('<w:p><w:pPr><w:pStyle w:val="footer"/></w:pPr>' + _run("— ") + f'<w:fldSimple w:instr=" PAGE ">{_run("1")}'
                           '</w:fldSimple>' + _run(" —") + '</w:p>'))


def _styles(lang: str) -> list:
    """The styles of all parts, nothing inherited from a template."""
    latin = f'<w:rFonts w:ascii="{LATIN}" w:hAnsi="{LATIN}" w:cs="{LATIN}" w:eastAsia="{FANG}"/>'
    made = [f'<w:docDefaults><w:rPrDefault><w:rPr>{latin}<w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault></w:docDefaults>',
            '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>',
            f'<w:style w:type="character" w:styleId="subheading"><w:name w:val="Subheading"/><w:rPr><w:rFonts w:eastAsia="{KAI}"/>'
            f'{"<w:b/>" if lang == "en" else ""}</w:rPr></w:style>',
            '<w:style w:type="character" w:styleId="reference"><w:name w:val="footnote reference"/><w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>']
    sized = {part: (style, SCALE[lang]) for part, style in STYLES.items()} | {part: (style, 1) for part, style in SMALL.items()}
    return [_element(s) for s in (*made, *(_style(part, *style, scale, lang) for part, (style, scale) in sized.items()))]


def _style(part: str, name: str, font: str, size: float, pitch: float, align: str, indent: int, scale: float, lang: str) -> str:
    """One paragraph style; headings keep with what follows and are bold where no Chinese typeface sets them apart."""
    heading = '<w:keepNext/>' if part in ("heading", "annex_title") else ""
    bold = "<w:b/>" if lang == "en" and part in ("title", "heading", "annex", "annex_title", "head") else ""
    level = '<w:outlineLvl w:val="0"/>' if part in ("heading", "annex_title") else ""
    points, twips = round(size * scale * 2), round(pitch * scale * 20)
    return (f'<w:style w:type="paragraph" w:styleId="{part}"><w:name w:val="{name}"/><w:basedOn w:val="Normal"/><w:pPr>{heading}'
            f'<w:spacing w:before="0" w:after="{twips // 3 if part.endswith("dateline") else 0}" w:line="{twips}" w:lineRule="exact"/>'
            f'<w:ind w:firstLineChars="{100 * indent}" w:firstLine="{points * 10 * indent}"/><w:jc w:val="{align}"/>{level}</w:pPr><w:rPr>'
            f'<w:rFonts w:eastAsia="{font}"/>{bold}<w:sz w:val="{points}"/><w:szCs w:val="{points}"/></w:rPr></w:style>')


def _add_footnotes(document: Document, notes: list[str], lang: str) -> None:
    """The footnotes' part, with the separators an office suite expects, and ①②③ in Chinese."""
    lines = "".join(f'<w:footnote w:id="{n}" w:type="{kind}"><w:p><w:r><w:{kind}/></w:r></w:p></w:footnote>'
                    for n, kind in ((-1, "separator"), (0, "continuationSeparator")))
    mark = '<w:r><w:rPr><w:rStyle w:val="reference"/></w:rPr><w:footnoteRef/></w:r>'
    lines += "".join(f'<w:footnote w:id="{n}"><w:p><w:pPr><w:pStyle w:val="footnote"/></w:pPr>{mark}{_run(" " + said)}</w:p></w:footnote>'
                     for n, said in enumerate(notes, 1))
    _attach(document, "footnotes", CONTENT_TYPE.WML_FOOTNOTES, RELATIONSHIP_TYPE.FOOTNOTES, "footnotes", lines)
    document.settings.element.xpath("w:compat")[0].addprevious(
        _element('<w:footnotePr><w:footnote w:id="-1"/><w:footnote w:id="0"/></w:footnotePr>'))
    kind = {"zh": "decimalEnclosedCircle", "en": "decimal"}[lang]
    document.element.body.sectPr.xpath("w:pgSz")[0].addprevious(_element(f'<w:footnotePr><w:numFmt w:val="{kind}"/></w:footnotePr>'))


def _paragraph(part: str, sentences: pd.DataFrame, numbers) -> str:
    """One paragraph: its sentences as runs, each with its footnote's mark."""
    style = part if part in STYLES or part in SMALL else "body"
    runs = ""
    for kind, said, note in zip(sentences["part"], sentences["text"], sentences["note"]):
        shown = said.rstrip() if note else said
        runs += _run(shown, "subheading" if kind == "subheading" else "")
        runs += _mark(next(numbers)) + _run(said[len(shown):]) if note else ""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{runs}</w:p>'


def _table(annex: pd.DataFrame, labels: dict[str, str], lang: str) -> str:
    """The table: a header row that repeats on each page, no row split across pages, fixed widths."""
    shares = [WIDTHS[lang].get(c, YEAR) for c in annex]
    widths = [round(TABLE * share / sum(shares)) for share in shares]
    sides = {"top": 20, "left": 45, "bottom": 20, "right": 45}
    edges = "".join(f'<w:{side} w:val="single" w:sz="4" w:color="000000"/>' for side in (*sides, "insideH", "insideV"))
    inner = "".join(f'<w:{side} w:w="{twips}" w:type="dxa"/>' for side, twips in sides.items())
    head = _row([labels[c] for c in annex], widths, ["head"] * len(widths), [""] * len(widths), "<w:tblHeader/>")
    aligned = [_ALIGNED.get(c, "left" if c in WIDTHS[lang] else "right") for c in annex]
    body = "".join(_row(cells, widths, ["cell"] * len(widths), aligned) for cells in annex.to_numpy().tolist())
    return (f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/><w:tblBorders>{edges}</w:tblBorders>'
            f'<w:tblLayout w:type="fixed"/><w:tblCellMar>{inner}</w:tblCellMar></w:tblPr>'
            f'<w:tblGrid>{"".join(f"""<w:gridCol w:w="{w}"/>""" for w in widths)}</w:tblGrid>{head}{body}</w:tbl>')


def _row(cells: list[str], widths: list[int], styles: list[str], aligned: list[str], header: str = "") -> str:
    made = "".join(_cell(*facts) for facts in zip(cells, widths, styles, aligned))
    return f'<w:tr><w:trPr><w:cantSplit/>{header}</w:trPr>{made}</w:tr>'


def _cell(said: str, width: int, style: str, align: str) -> str:
    justified = f'<w:jc w:val="{align}"/>' if align else ""
    return (f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>'
            f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{justified}</w:pPr>{_run(said)}</w:p></w:tc>')


def _run(said: str, style: str = "") -> str:
    marked = f'<w:rPr><w:rStyle w:val="{style}"/></w:rPr>' if style else ""
    return f'<w:r>{marked}<w:t xml:space="preserve">{escape(_clean(said), quote=False)}</w:t></w:r>'


def _mark(number: int) -> str:
    return f'<w:r><w:rPr><w:rStyle w:val="reference"/></w:rPr><w:footnoteReference w:id="{number}"/></w:r>'


def _clean(said: str) -> str:
    """Text without what no XML may hold; a line break or tab becomes a blank."""
    return _NOT_XML.sub("", re.sub(r"\s", " ", said))


def _set(section: Section, layout: dict) -> None:
    for name, value in layout.items():
        setattr(section, name, value)


def _element(xml: str):
    """A piece of WordprocessingML as an element."""
    return parse_xml(re.sub(r"(?=/?>)", " " + nsdecls("w"), xml, count=1))


def _turn(document: Document) -> None:
    """Begin the wide pages; the text's last paragraph ends the section, as one of its own would want a line more."""
    _set(document.add_section(WD_SECTION.NEW_PAGE), WIDE)
    ending = document.element.body.xpath("w:p[w:pPr/w:sectPr]")[-1]
    ending.getprevious().pPr.append(ending.pPr.sectPr)
    document.element.body.remove(ending)


def _add(document: Document, xml: str) -> None:
    document.element.body.insert_element_before(_element(xml), "w:sectPr")


def _attach(document: Document, name: str, content_type: str, relationship: str, root: str, inner: str) -> None:
    """A part of the file that python-docx does not write."""
    xml = f'<w:{root} {nsdecls("w")}>{inner}</w:{root}>'
    document.part.relate_to(Part(PackURI(f"/word/{name}.xml"), content_type, xml.encode(), document.part.package), relationship)


def _packed(document: Document) -> bytes:
    """The file's bytes with one and the same time on all that is in it."""
    saved, packed = io.BytesIO(), io.BytesIO()
    document.save(saved)
    with zipfile.ZipFile(saved) as parts, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for name in parts.namelist():
            out.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), parts.read(name), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
