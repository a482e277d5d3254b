"""Tables and layouts written after the reader was done, to see what it does with what it was not made for."""

import pytest

import layouts
from layouts import Layout
from plancore import outline

SOUTH = layouts._table("表2 南岭省“十四五”经济社会发展主要指标", """
经济实力|1|地区生产总值|万亿元|11.1|14左右|5左右|预期性
|2|人均地区生产总值|万元|8.8|11|5以上|预期性
|3|先进制造业增加值占规模以上工业增加值比重|%|56|60||预期性
|4|固定资产投资增长|%|7.2||5.5以上|预期性
创新活力|5|研发经费投入强度|%|3.0|>3.2||预期性
|6|数字经济核心产业增加值占比|%|15.8|20||预期性
|7|每万人口发明专利拥有量|件|25|35||预期性
生活水平|8|城镇新增就业|万人|133.7||〔550〕|预期性
|9|居民人均可支配收入增长|%|5.2||与经济增长基本同步|预期性
|10|劳动年龄人口平均受教育年限|年|11.3|11.6||约束性
|11|三岁以下婴幼儿托位数|万个|10.2|68||预期性
绿色美丽|12|单位地区生产总值能源消耗降低|%|〔20〕||〔14〕|约束性
|13|细颗粒物年均浓度|微克/立方米|22|≤22||约束性
|14|劣Ⅴ类水体比例|%|0|0||约束性
|15|森林蓄积量|亿立方米|5.78|6.2||约束性
底线安全|16|粮食综合生产能力|万吨|1200|1200以上||约束性
|17|电力总装机|亿千瓦|1.42|1.9||预期性
""", "category number indicator unit baseline target change attribute")
DISTRICT = layouts._table("北洲区“十五五”时期经济社会发展主要指标", """
动能转换|1|规上工业增加值年均增速|%|5.9||6.5左右|预期性
|2|专精特新企业|家|186|320||预期性
|3|亩均税收|万元/亩|31.5|40||预期性
城乡品质|4|新改建口袋公园|个|||【60】|预期性
|5|生活垃圾回收利用率|%|65|70以上||预期性
|6|老旧小区改造|万平方米|88||【200】|约束性
暖心服务|7|普惠性幼儿园覆盖率|%|92|95||预期性
|8|人均期望寿命|岁|82.6|83.2||预期性
|9|困境儿童帮扶||应助尽助|应助尽助||约束性
|10|每千人口拥有医师数|人|4.6|5.0||预期性
韧性底板|11|碳排放强度下降|%|||按市下达任务执行|约束性
|12|生产安全死亡人数下降|%|||【15】|约束性
|13|断面水质达标率|%|100|100||约束性
""", "category number indicator unit baseline target change attribute", (2025, 2030))
LAYOUTS = (
    Layout("cells, full-width hyphens, unit column", blank="－", unit="column", header="now"),
    Layout("two blanks, sections, blanks lost", "wide", "lost", "lost", options=frozenset({"sections"})),
    Layout("one blank, sections, dashes", "narrow", "—", "lost", "long", options=frozenset({"sections"})),
    Layout("docx, names broken, attribute merged", "docx", "", "span", options=frozenset({"broken", "attribute"})),
    Layout("HTML, attribute printed once, hyphens", "html", "-", "blank", "words", options=frozenset({"attribute", "noise"})),
    Layout("cells in paragraphs, unit column, blanks", "paragraphs", "/", "lost", "long", "column"),
    Layout("aligned, unit column, slashes", "aligned", "/", "blank", "now", "column"),
    Layout("commas, lost", "comma", "", "blank", "words"),
    Layout("tabs, no numbers, sections", "tab", "—", "lost", "long", number="none", options=frozenset({"sections"})),
    Layout("cells, no numbers, blanks lost", blank="lost", number="none", header="words", options=frozenset({"broken"})),
    Layout("cells, attribute printed once, blanks lost", options=frozenset({"attribute", "spaced"}), header="long"),
    Layout("markdown, attribute first, sections", "markdown", "—", "blank", options=frozenset({"order", "sections"})),
)


@pytest.mark.parametrize("table", [SOUTH, DISTRICT], ids=["south", "district"])
def test_held_out(table, tmp_path):
    """Precision and recall on what was held out; a wrong cell is nearly always one with a flag."""
    total, lines = layouts.Score(), []
    for layout in LAYOUTS:
        copy, truth = layouts.render(table, layout)
        path = tmp_path / "copy.docx"
        if isinstance(copy, bytes):
            path.write_bytes(copy)
        score = layouts.compare(outline.read_file(path) if isinstance(copy, bytes) else outline.read(copy), truth)
        total += score
        lines.append(f"{layout.name}: precision {score.precision:.4f}, recall {score.recall:.4f}, silent {score.silent} {score.wrong}")
    print("\n".join([*lines, f"all: precision {total.precision:.4f}, recall {total.recall:.4f}, silent {total.silent} of {total.true}"]))
    assert total.precision >= 0.97 and total.recall >= 0.97, "\n".join(lines)
