"""Long tables and exports of data banks are read by the same maps as yearbooks; what does not fit is refused with its cell."""

import pandas as pd
import pytest

from plancore import paths
from plancore.collecting import build, maps, spreadsheets, yearbooks
from plancore.schema import DataError

LONG = """
orientation: long
columns: {name: 指标, period: 时期, value: 数值, unit: 单位, qualifier: 说明, status: 状态, title: 来源, url: 网址, grade: 等级}
words: {约: about, 初步: official_preliminary}
price_basis: none
sources: {甲报告: zj-outline-14}
indicators:
  城镇化率:
    - {indicator: urbanization_rate, where: {时期: [2021年, 2022]}, note: 前}
    - {indicator: urbanization_rate, where: {时期: 2023}, status: official_final}
  进出口: {indicator: goods_trade, price_basis: current}
"""
HEAD = "指标,时期,数值,单位,说明,状态,来源,网址,等级\n"
ROWS = HEAD + """城镇化率,2021年,72.7,%,,初步,甲报告,,
城镇化率①,2022,73.4,%,约,初步,浙江省国民经济和社会发展第十四个五年规划和二〇三五年远景目标纲要,,
城镇化率,2023,74.2,%,,初步,乙公报,http://x.cn/1,B
进出口,2021—2025年,200000000,万元,,初步,乙公报,http://x.cn/1,B
gdp_growth,2021,8.5,%,,初步,甲报告,,
进出口,2024,…,万元,,初步,乙公报,,B
能耗,2024,3,%,,初步,乙公报,,B
"""
BANK = """数据库：分省年度数据
指标：地区生产总值(亿元)
时间：最近3年
地区,2023年,2022年,2021年
北京市,43760.7,41610.9,40269.6
浙 江 省,82553.2,77715.4,"73,515.8"
注：2023年为初步核算数。
数据来源：国家统计局
"""


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return build.raw(paths.DATA)


@pytest.fixture
def read(tmp_path, frames):
    """The batch of a text and a map."""
    def take(text: str, mapping: str, name: str = "a.csv", encoding: str = "gb18030"):
        (tmp_path / name).write_bytes(text.encode(encoding))
        (tmp_path / "map.yml").write_text(mapping, encoding="utf-8")
        return yearbooks.read(spreadsheets.read(tmp_path / name), maps.read(tmp_path / "map.yml"), frames)
    return take


def refused(read, text: str, mapping: str) -> str:
    with pytest.raises(DataError) as error:
        read(text, mapping)
    return str(error.value)


class TestLong:
    def test_each_row_is_a_figure_with_its_own_source(self, read):
        batch = read(ROWS, LONG)
        assert [(r["indicator"], r["period"], r["value"], r["unit_zh"], r["qualifier"], r["status"], r["note"]) for r in batch.observations] == [
            ("urbanization_rate", "2021", "72.7", "%", "", "official_preliminary", "前"),
            ("urbanization_rate", "2022", "73.4", "%", "about", "official_preliminary", "前"),
            ("urbanization_rate", "2023", "74.2", "%", "", "official_final", ""),
            ("goods_trade", "2021-2025", "20000", "亿元", "", "official_preliminary", ""), ("gdp_growth", "2021", "8.5", "%", "", "official_preliminary", "")]
        made, = batch.sources  # 乙公报, by title and address; twice the same
        assert [r["source"] for r in batch.observations] == ["zj-outline-14", "zj-outline-14", made["source"], made["source"], "zj-outline-14"]
        assert (made["title"], made["url"], made["grade"]) == ("乙公报", "http://x.cn/1", "B")
        assert batch.observations[2]["at"] == "a.csv, cell C4"
        assert batch.notes == ("not read: a.csv, cell A7: '进出口', no figure", "not read: a.csv, cell A8: '能耗', not in the map")

    @pytest.mark.parametrize("a, b, says", [
        ("2021—2025年", "五年", "cell B5: '五年' is no period; allowed: 2021, 2021年, 2021-2025"),
        ("72.7,%", "七十二,%", "cell C2: '七十二' is not a number"), ("72.7,%", "72.7,公里", "cell C2: no rule from 公里 to %"),
        ("72.7,%", "72.7,", "cell A2: no unit"), ("乙公报,http://x.cn/1,B", "丙,,", "cell G4: a new source '丙' without a grade"),
        ("甲报告,,", ",,", "cell A2: no source; allowed: columns `source`, or `title` and `url`")])
    def test_a_row_that_does_not_fit_is_refused(self, read, a, b, says):
        assert a in ROWS
        assert says in refused(read, ROWS.replace(a, b), LONG)

    @pytest.mark.parametrize("a, b, says", [
        ("value: 数值, ", "", "map.yml, columns: value not given; allowed: name, period, value"), ("value: 数值", "value: 数额", "a.csv: no header '数额' in row 1; nearest: 数值"),
        ("value: 数值", "amount: 数值", "map.yml, columns: unknown amount"), ("where: {时期: 2023}, ", "", "cell A2: '城镇化率' is picked by 2 entries of the map"),
        ("where: {时期: 2023}", "where: {年份: 2023}", "no header '年份' in row 1"), ("{indicator: goods_trade, ", "{", "map.yml, 进出口: indicator not given"),
        ("price_basis: current}", "price_basis: current, unit: 亿元}", "cell D5: unit 万元 in the sheet, 亿元 in the map")])
    def test_a_map_that_does_not_fit_is_refused(self, read, a, b, says):
        assert a in LONG
        assert says in refused(read, ROWS, LONG.replace(a, b, 1))

    def test_a_header_that_stands_twice(self, read):
        assert "cell I1: the header '数值' a second time" in refused(read, ROWS.replace("等级\n", "数值\n", 1), LONG)

    def test_the_map_of_the_government_reports_fits_its_columns(self, read):
        mapping = (paths.DATA / "maps" / "zj-government-reports.yml").read_text(encoding="utf-8")
        text = ("indicator_zh,period,value,qualifier,unit,price_basis,status,grade,source_title,source_url\n"
                '人均预期寿命,2020,80.2,,岁,none,official_preliminary,B,"2026年浙江省政府工作报告(全文,公共存档副本)",\n'
                '单位GDP能耗降低率,2024,6.9,about,%,comparable,official_preliminary,B,"2025年浙江省政府工作报告(全文,公共存档副本)",\n')
        assert [(r["indicator"], r["basis"], r["source"]) for r in read(text, mapping, encoding="utf-8").observations] == [
            ("life_expectancy", "series_since_2022", "zj-gov-report-2026"), ("energy_intensity_cut", "unstated_2024", "zj-gov-report-2025")]


class TestDataBank:
    MAP = (paths.DATA / "maps" / "stats-bureau-province.yml").read_text(encoding="utf-8")

    @pytest.mark.parametrize("name, text", [
        ("a.csv", BANK), ("a.xls", BANK.replace('"73,515.8"', "73515.8").replace(",", "\t")),
        ("b.xls", "<html><table>" + "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in line.split(','))}</tr>" for line in BANK.replace('"73,515.8"', "73515.8").split("\n")) + "</table></html>")])
    def test_the_row_of_a_region_under_title_lines(self, read, name, text):
        batch = read(text, self.MAP, name)
        assert {r["period"]: r["value"] for r in batch.observations} == {"2023": "82553.2", "2022": "77715.4", "2021": "73515.8"}
        assert {(r["indicator"], r["unit_zh"]) for r in batch.observations} == {("gdp", "亿元")} and batch.region == "zj"
        assert batch.notes == (f"not read: {name}: 3 other names, such as '北京市'",)

    @pytest.mark.parametrize("a, b, says", [
        ("地区生产总值(亿元)", "人均地区生产总值(元)", "no line above the header is '地区生产总值', the title of the map; they are 数据库:分省年度数据 / 指标:人均"),
        ("(亿元)", "(万吨)", "cell B6: no rule from 万吨 to 亿元"), ("浙 江 省", "浙江", "'浙江省' of the map stands nowhere in column A; nearest: 浙江"),
        ("北京市", "浙江省", "'浙江省' a second time"), ("2023年,2022年,2021年", "前年,去年,今年", "no line has a year in a cell of its own"), ("82553.2", "约8万", "cell B6: '约8万' is not a number")])
    def test_another_sheet_is_refused(self, read, a, b, says):
        assert a in BANK
        assert says in refused(read, BANK.replace(a, b, 1), self.MAP)

    def test_the_units_of_title_and_map_may_not_contradict(self, read):
        assert "unit 亿元 in the sheet, 万元 in the map" in refused(read, BANK, self.MAP.replace("{indicator: gdp,", "{indicator: gdp, unit: 万元,"))
