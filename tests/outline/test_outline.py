"""One printed cell is read as value, bound, bracket and unit, and what cannot be read is refused by name."""

import pytest

from plancore import outline

CELLS = [  # the cell as printed, its value, bound, whether in 〔 〕, unit
    ("43508", 43508, "equal", False, ""),
    ("48.6", 48.6, "equal", False, ""),
    ("0.112", 0.112, "equal", False, ""),
    ("0", 0, "equal", False, ""),
    ("6.5%", 6.5, "equal", False, "%"),
    ("7%以上", 7, "at_least", False, "%"),
    ("5.5以上", 5.5, "at_least", False, ""),
    ("不低于90%", 90, "at_least", False, "%"),
    ("27以下", 27, "at_most", False, ""),
    ("5%以内", 5, "at_most", False, "%"),
    ("不超过5.5%", 5.5, "at_most", False, "%"),
    ("75左右", 75, "about", False, ""),
    ("60%左右", 60, "about", False, "%"),
    ("三分之一左右", 33.3333333333, "about", False, "%"),
    ("三分之一", 33.3333333333, "equal", False, "%"),
    ("所有", 100, "equal", False, "%"),
    ("突破8.5万亿元", 85000, "more_than", False, "亿元"),
    ("8.5万亿元", 85000, "equal", False, "亿元"),
    ("2万亿立方米", 20000, "equal", False, "亿立方米"),
    ("13万元", 130000, "equal", False, "元"),
    ("突破13万元", 130000, "more_than", False, "元"),
    ("1.1万元", 11000, "equal", False, "元"),
    ("35000亿元以上", 35000, "at_least", False, "亿元"),
    ("6000亿元", 6000, "equal", False, "亿元"),
    ("170亿美元", 170, "equal", False, "亿美元"),
    ("1650万人", 1650, "equal", False, "万人"),
    ("17万元/人", 17, "equal", False, "万元/人"),
    ("超过80岁", 80, "more_than", False, "岁"),
    ("大于20%", 20, "more_than", False, "%"),
    ("不满30", 30, "less_than", False, ""),
    ("低于1%", 1, "less_than", False, "%"),
    ("〔4.4〕", 4.4, "equal", True, ""),
    ("〔116.2〕", 116.2, "equal", True, ""),
    ("〔400〕", 400, "equal", True, ""),
    ("〔20.5%〕", 20.5, "equal", True, "%"),
    ("〔18以上〕", 18, "at_least", True, ""),
    ("国家下达指标", None, "none", False, ""),
]

UNREADABLE = ["", "约43508", "43,508", "43，508", "4 3508", "1O5", "5-6", "-5", "(5)", "〔5", "5〕", "〔〕", "〔5〕以上", "[5〕",
              "以上", "不低于", "三分之二", "五以上", "—", "12.5.3", ".5", "国家下达", "国家下达指标5", "４３", "43O", "5.", "5以上以上", "5 以上", "不低于5以下"]

NAMES = [
    ("地区生产总值(亿元)", "亿元"),
    ("地区生产总值(GDP)增长(%)", "%"),
    ("全员劳动生产率(万元/人)", "万元/人"),
    ("全员劳动生产率（万元/人）", "万元/人"),
    ("地级及以上城市细颗粒物(PM2.5)平均浓度(微克/立方米)", "微克/立方米"),
    ("每千人口拥有执业(助理)医师数(常住人口)(人)", "人"),
    ("数字经济增加值占GDP比重", ""),
    ("县(市、区)数", ""),
    ("化学需氧量", ""),
    ("", ""),
]


@pytest.mark.parametrize(("text", "value", "bound", "cumulative", "unit"), CELLS, ids=[c[0] for c in CELLS])
def test_a_printed_cell(text, value, bound, cumulative, unit):
    assert outline.cell(text) == outline.Cell(value, bound, cumulative, unit)


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_cannot_be_read_is_refused_by_name(text):
    with pytest.raises(ValueError) as caught:
        outline.cell(text)
    assert repr(text) in str(caught.value) and "国家下达指标" in str(caught.value)


@pytest.mark.parametrize(("name", "unit"), NAMES)
def test_the_unit_at_the_end_of_a_name(name, unit):
    assert outline.unit_of(name) == unit
