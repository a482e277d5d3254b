"""Amounts in Chinese prose as numbers, 8.5万亿元, 三分之一, 翻一番, 1—2家, 5万名以上, and the words by which one is a commitment."""

from __future__ import annotations

import re
from dataclasses import dataclass

FULL_WIDTH = str.maketrans("０１２３４５６７８９．％＋－～（）：；＂＜＞／　", "0123456789.%+-~():;\"<>/ ")
"""One character for one, so that places in a line stay where they are; the full-width comma is punctuation."""
DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2}
SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_NUMBER = r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?"
_HAN = r"[零〇一二两三四五六七八九十百千万亿]"
_DASH = r"(?:[—–~〜\-－]{1,2}|至|到)"
_TIMES = r"万亿|千亿|百亿|亿|千万|百万|十万|万|千|百"
_MONEY = r"美元|欧元|元人民币|元"
THINGS = (r"人次|人|名|位|个|家|项|所|条|座|套|处|件|张|床|台|辆|架|艘|列|户|栋|幢|部|门|种|支|片|枚|篇|场|对|组|只|头|株|宗|笔|口|"
           r"村|镇|县|乡|班|册|单|批次|平台|街道|社区|基地|企业|泊位|航线|桩|站")
SAME_UNIT = {"名": "人", "百分点": "个百分点", "元人民币": "元", "千米": "公里", "平方千米": "平方公里", "吨标煤": "吨标准煤", "微克每立方米": "微克/立方米",
             "毫克每升": "毫克/升"}
_MEASURES = (r"平方公里|平方千米|平方米|立方米|公里|千米|海里|米|公顷|亩|吨标准煤|吨标煤|吨|公斤|千克|斤|千瓦时|千瓦|兆瓦|吉瓦|度电|标准箱|标箱|"
             r"微克[/每]立方米|毫克[/每]升|分贝|升|TEU|GWh|MWh|kWh|GW|MW|kW|kV|km|EFLOPS|PFLOPS|Gbps|Mbps|PB|TB")
_SHARES = r"%|‰|个百分点|百分点"
_SPANS = r"岁|年|月|周|天|日|小时|分钟|秒|倍|成(?![为立果长效都员本功熟渝品就绩色套])"
_CLASSES = r"大|级|类|代|层|届|版|号|纵|横|强|章|节|期|轮|批|次"
_UNIT = rf"(?:{_SHARES}|个?工作日|个月|(?:{_MONEY}|{_MEASURES}|{THINGS})(?:/(?:{_TIMES})?[\u4e00-\u9fff]{{1,5}})?|{_SPANS}|{_CLASSES})"
STATUS = {  # words: the value in % that they say; 应保尽保 and its like say 100
    "全覆盖": 100, "全面覆盖": 100, "全面消除": 100, "基本消除": 100, "全部消除": 100, "全面达标": 100, "全部达标": 100, "全部完成": 100,
    "全部建成": 100, "全部实现": 100, "全部纳入": 100, "村村通": 100, "县县通": 100, "市市通": 100, "镇镇通": 100,
    "乡乡通": 100, "户户通": 100, "村村达标": 100, "动态清零": 0, "清零": 0, "零增长": 0,
}
MULTIPLES = {r"翻(?:一|1)?番": 2, r"翻(?:两|二|2)番": 4, r"翻(?:三|3)番": 8, r"(?:成倍|双倍|倍)增(?!计划)": 2}
VAGUE = (r"一大批|一批|一系列|一些|若干[个项家所条批]?|多[个项家所条种](?![元级层])|数[十百千万](?=[个家项名所条亿万])|上[百千万](?=[个家项名所条亿万])|"
         r"几十|前列|第一方阵|第一梯队")
NAMES = (r"一带一路|八八战略|五位一体|四个全面|两个维护|四个意识|四个自信|双一流|一国两制|三农|两山|"
         r"(?<=[“\"‘「])(?!十.五)[一二两三四五六七八九十百千万]{1,2}[\u4e00-\u9fff]{1,10}(?=[”\"’」])|"
         r"(?<![\d十百千万])[十百千万]{1,2}(?![个项座条处家名位所大亿元])[\u4e00-\u9fff]{1,6}?(?:行动|工程|计划)|"
         r"[一二两三四五六七八九][核轴带心廊环圈极翼湾片区屏][一二两三四五六七八九多][\u4e00-\u9fff]{1,2}")
_RANKED = (r"第(?P<rank>\d{1,4}|[一二三四五六七八九十]{1,3})[位名]|前(?P<top>\d{1,4}|[一二两三四五六七八九十百]{1,3})(?:[位名强])?"
           r"(?![季年期天月个次款者\d.%所述后面])|(?P<first_place>首位|(?<=全国)第一|(?<=全球)第一|(?<=世界)第一|(?<=全省)第一|(?<=国内)第一)"
           r"(?![个批家条座大方梯届次代度战])")
FORMS = (
    ("document", r"[〔\[【(]\d{4}[〕\]】)]\s?\d+号|第[\d零一二三四五六七八九十百]{1,6}[号条款]"),
    ("code", rf"https?://\S{{1,200}}|[A-Za-z][A-Za-z&_.]{{0,9}}-?\d[\dA-Za-z.]{{0,12}}|[\dNX]{{1,4}}(?:\+[\dNX]{{1,4}}){{1,6}}"
             rf"|\d{{1,6}}(?!(?:{_MEASURES}))[A-Za-z][A-Za-z\d]{{0,8}}"),
    ("version", r"\d{1,3}\.\d{1,3}(?:\.\d{1,3})?\s?版?(?<=版)|[vV]\d+(?:\.\d+)*"),
    ("year", r"(?:19|20)\d\d(?:\s?[—–~\-－至到]{1,2}\s?(?:(?:19|20)\d\d|\d\d))?\s?年(?:代|度)?|[一二][九〇零○][〇零○一二三四五六七八九]{2}年"),
    ("date", r"(?<!\d)\d{1,2}月(?:\d{1,2}日)?(?!以)"),
    ("status", r"(?P<status>应(?P<due>[\u4e00-\u9fff])尽(?P=due)|" + "|".join(STATUS) + ")"),
    ("multiple", "(?P<multiple>" + "|".join(MULTIPLES) + ")"),
    ("fraction", rf"(?P<below>{_HAN}{{1,4}}|\d{{1,4}})分之(?P<above>\d+(?:\.\d+)?|{_HAN}{{1,5}}(?:点{_HAN}{{1,3}})?)"),
    ("each", r"(?P<several>[二两三四五六七八九十]|\d)个(?P<each>[百千万]亿)(?!级)(?P<each_unit>元)?"),
    ("rank", _RANKED),
    ("ordinal", rf"第(?:\d{{1,5}}|{_HAN}{{1,4}})"),
    ("vague", VAGUE),
    ("named", NAMES),
    ("all", r"所有(?=[^。;；]{1,24}?(?:完成|实现|达到|建成|建立|覆盖|纳入|消除|设立|开展))"),
    ("amount", rf"(?P<sign>[≥≤><＞＜])?\s?(?P<number>{_NUMBER})\s?(?P<more>多|余)?"
               rf"(?:(?P<low_times>{_TIMES})?(?P<low_unit>{_UNIT})?\s?{_DASH}\s?(?P<high>{_NUMBER}))?(?:(?P<ratio>[:∶]1)(?!\d)|\s?(?P<times>{_TIMES})?(?P<more_after>多|余)?(?P<unit>{_UNIT})?)"),
    ("han", rf"(?P<han>(?![零〇]){_HAN}{{1,9}}?)(?P<han_more>多|余)?(?:{_DASH}(?P<han_high>{_HAN}{{1,5}}?))?(?P<han_unit>{_UNIT})"),
)
"""The kinds of mention, in the order in which they are tried at each place of a line."""
BEFORE = (
    (r"(?:不低于|不少于|不小于|不短于|至少|最少|≥)", "at_least"), (r"(?:不超过|不高于|不大于|不多于|至多|最多|≤)", "at_most"),
    (r"(?:超过|突破|高于|大于|多于|超出|超|[>＞])", "more_than"), (r"(?:低于|小于|少于|不满|不足|[<＜])", "less_than"),
    (r"(?:大约|约|接近|近|大致)", "about"),
)
AFTER = (
    (r"(?:及|或|\(含\))?以上", "at_least"), (r"(?:及|或)?(?:以下|以内|之内)", "at_most"), (r"(?:左右|上下)", "about"),
)
"""Words of a bound right before and right after an amount; the wanted side of 以上/以下 includes the number."""
SIGNS = {"≥": "at_least", "≤": "at_most", ">": "more_than", "＞": "more_than", "<": "less_than", "＜": "less_than"}
WITHIN = r"控制在|压缩至|压缩到|压减至|缩短至|缩短到"
"""Before a bare number: it is a ceiling."""
PROMISE = (r"打造|建设|建成|建立|构建|搭建|组建|新建|改建|扩建|改造|培育|培养|引进|招引|集聚|新增|增加|增至|创建|争创|创成|实施|推进|推动|安排|完成|实现|"
           r"达到|达|超过|突破|力争|争取|确保|保持|稳定|控制|提高|提升|增长|降低|下降|减少|缩小|压减|扩大|设立|布局|支持|引导|发展|形成|覆盖|开展|"
           r"新设|招收|入选|占比|比重|投资|投入|建有|拥有|开通|开工|投产|落地|认定|选树|遴选|整治|修复|治理|消除|供给|供应|配备|建|到20\d\d年|"
           r"不低于|不少于|不超过|以上|以内|左右|储备|孵化|上市|翻|进入|跻身|名列|位居")
"""Words of a promise; a number in a sentence without any of them is only a number."""
MAKING = (r"打造|建设|建成|建立|构建|搭建|组建|新建|改建|扩建|改造|培育|培养|引进|招引|集聚|新增|增加|创建|争创|创成|实施|安排|完成|达到|设立|布局|形成|"
          r"新设|招收|认定|选树|遴选|整治|修复|治理|落地|开通|配备|孵化|超过|突破|增长|提高|降低|减少|扩大|开工|投产|力争|争取|确保")
"""Words of a promise to bring something about, asked of counts in Chinese numerals, as 两个市场 may be just a way to name them."""
PAST = (r"已经?(?!知)|达到了|完成了|实现了|建成了|跃上|跃居|同比|上年|去年|目前|截至|五年来|[一二三四五六七八九十]+年来|以来|累计已|历史性|创历史新高|"
        r"过去(?:五|5)年|圆满完成|如期完成|全面完成了|成功(?:创建|举办|入选)")
PAST_SENTENCE = r"截至|以来|过去五年"
NEARLY = r"基本(?:实现|完成|建成|达到|消除)?[^,，。;；]{0,24}$"
YEARLY = r"(?:每年|年均新增|(?<![一二两三四五六七八九十])年新增)[^,，。]{0,24}$"
LINKS = r"到|为|约|其中|全省|全市|分别|的|在|至|以|将|和|与|及|再|其|了|每年|累计"
LEADS = (r"到?(?:20\d\d年|二〇..年)(?:末|底|前)*|力争|争取|确保|其中|使|全面|基本|推动|实现|全市|全省|安排|完成|到|并|以及|即|建设|打造|搭建|构建")
"""Words of what has been done, nearly done, is done every year; words around the name of the thing counted."""
PAST_HEADING = r"成就|回顾|完成情况|实施情况|发展基础|现实基础|现状|基础与现状|发展成效|取得"
TABLE_HEADING = r"主要指标|指标体系|指标完成|预期指标|目标指标|指标表|指标一览"
REJECTED = (  # reason, the forms it is about (empty: all), where it looks, what it looks for
    ("table", "", "place", r"table"),
    ("heading", "", "place", r"heading"),
    ("numbering", "amount", "lead", r"^[\s(（【第]*$"),
    ("document", "document", "", ""), ("code", "code", "", ""), ("version", "version", "", ""),
    ("year", "year", "", ""), ("date", "date", "", ""), ("ordinal", "ordinal", "", ""), ("vague", "vague", "", ""),
    ("name", "named", "", ""),
    ("document", "", "quoted", r"^《"),
    ("name", "", "quoted", r"^[“\"'‘「](?!.*\|目标)(?!.*翻.?番.\|)"),
    ("past", "", "place", r"past"),
    ("past", "", "when", r"past"),
    ("baseline", "amount han fraction", "both",
     r"(?:由|从)[^,，。;；]{0,24}\|[^,，。;；]{0,10}?(?:提高|提升|增加|增长|上升|下降|降低|降|缩小|扩大|减少|增|压减|拓展)[到至]"),
    ("baseline", "amount han fraction", "after", r"^[^,，。;；]{0,16}(?:为基数|为基期)"),
    ("class", "amount han", "unit", r"^[万亿]*(?:大|级|类|代|层|纵|横|强|章|节|期|轮|届|版|号|次)$"),
    ("year", "amount", "self", r"^(?:19[4-9]\d|20[0-6]\d)$"),
    ("date", "amount han", "unit", r"^(?:月|日|周)$"),
    ("vague", "amount han", "unit", r"^批$"),
    ("denominator", "amount han", "before", r"每$"),
    ("denominator", "han", "both", r"(?:^|[^超过破达到近约])\|(?:GDP|地区生产总值|生产总值|工业增加值|产值|人口)"),
    ("class", "amount han", "after", r"^(?:方面|环节|层次|层面|维度|阶段|领域|时期|大局|市场(?![主化]))"),
    ("class", "amount han", "both", r"\|(?:及)?以[上下](?:的)?(?:婴幼儿|老年人|人口|老人|儿童|人群|群体|青少年|城市|河流|企业|工业|企事业)"),
    ("qualifier", "money", "after",
     r"^(?:以上|左右)?(?:的|级)?(?![^,，。;；]{0,8}基金)[\u4e00-\u9fff]{0,4}?(?:企业|集群|产业|园区|县|镇|村|项目群)(?!投资)"),
    ("qualifier", "money", "after", r"^以上(?:的)?(?:重大|产业|工业|制造业)?项目"),
    ("qualifier", "money", "after", r"^(?:以上|左右)?的(?![^,，。;；]{0,8}基金)"),
    ("qualifier", "rank", "before", r"(?:\d|[一二两三四五六七八九十])[个家所项名][^,，。;；]{0,30}(?:进入|跻身|入围|入选|位列|居)[^,，。;；]{0,6}$"),
    ("name", "han", "round", r"^[^,，。;；、]{0,14}(?:行动|工程|计划|战略|专项)"),
    ("duration", "amount han", "span",
     r"^(?!.*(?:达到|达|提高|增加|延长|压缩|缩短|不超过|控制|降至|降到|超过|以内)[^,，。;；]{0,12}\|)(?!.*\|(?:以内|通达|可达|直达|到达))"),
    ("duration", "han", "whole_years", r"^(?!.*(?:年限|寿命|工期)[^,，。;；]{0,12}\|)"),
    ("article", "han", "one", r"^(?!.*(?:建设|搭建|打造|建成|新建|创建|组建|布局|建立|构建|引进|培育)\|)"),
    ("article", "han", "self", r"^[一两]人$|^一(?:家|村|户|县|镇|位|名|口|站|门|部|对|组)(?!以)"),
    ("unit", "amount", "bare", r"^(?!.*(?:达到|提高到|提升到|降到|降至|缩小到|控制在|下降到|增加到|增至|提高至|提升至|缩小至|[≥≤><])\|)"),
    ("promise", "amount han fraction each all rank", "sentence", rf"^(?!.*(?:{PROMISE}))"),
    ("promise", "han", "clause", rf"^(?!.*(?:{MAKING}))"),
)
"""Why a mention is no commitment; the first that fits is the reason.

`where`: `place` (its line: table, heading, past), `when` (its time: past), `lead` (the line before it), `before`, `after` (60
letters of its sentence), `both` (`before|after`), `quoted` (the quotation it stands in, then `|` and what follows that), `self`,
`unit`, `span` (`before|after` of an amount of time), `whole_years` (the same of years in Chinese numerals), `one` (what stands
before a numeral 一), `round` (what follows a bare 十, 百, 千, 万), `bare` (`before|after` of a number without unit), `sentence`.
"""
REASONS = tuple(dict.fromkeys(reason for reason, *_ in REJECTED))
KINDS = (  # kind, the forms it is about, the unit, the words before the number
    ("rank", "rank", "", ""), ("status", "status all", "", ""), ("target", "multiple", "", ""), ("investment", "each", "", ""),
    ("investment", "", r"元$", r"投资|投入|专项资金|资金|基金|融资|经费"),
    ("target", "", r"^(?:%|个?百分点)$", r"年均|增速|增长|提高(?![到至])|失业率|下降|降低|减少|利润率|赤字率"),
    ("status", "", r"^%$", r"100\|$"),
    ("share", "", r"^(?:%|‰)$", ""),
    ("count", "", rf"^(?:{_TIMES})?(?:{THINGS})(?:/年)?$", ""),
    ("target", "", "", ""),
)
"""The kind of a commitment; the first that fits."""
HEADINGS = (
    (r"第[零〇一二三四五六七八九十百\d]{1,5}[篇编部]分?", 0), (r"第[零〇一二三四五六七八九十百\d]{1,5}章", 1), (r"第[零〇一二三四五六七八九十百\d]{1,5}节", 2),
    (r"[一二三四五六七八九十]{1,3}(?=、)", 3), (r"\([一二三四五六七八九十]{1,3}\)", 4),
)
"""How a heading begins, and how deep it is."""
BOX = re.compile(r"[【\[]?专栏\s*(\d+|[一二三四五六七八九十]{1,3})?(?:[—\-.]\d+)?[】\]:：\s]*")
ITEM = re.compile(r"(?:\(?\d{1,2}[.．、)]|[①-⑳★●◆■▶—])")
"""How an item of a box begins."""
ALL = re.compile("|".join(f"(?P<{name}_form>{pattern})" for name, pattern in FORMS))

_LONGEST = 15
"""Digits of the largest number that is read."""


@dataclass(frozen=True)
class Mention:
    """A number or status in a line: value and high (None where there is none), unit, bound."""

    form: str
    start: int
    stop: int
    printed: str
    value: float | None = None
    high: float | None = None
    unit: str = ""
    bound: str = "equal"


def mentions(line: str) -> list[Mention]:
    """Return all mentions of a line whose digits and brackets are of half width."""
    return [_mention(match, line) for match in ALL.finditer(line)]


def number(text: str) -> float | None:
    """Return a number in Arabic or Chinese digits, None for other text: 三百五十 → 350, 千 → 1000, 1,200 → 1200, 一二三 → None."""
    plain = text.replace(",", "")
    if re.fullmatch(r"\d+(\.\d+)?", plain, re.ASCII):
        return float(plain) if len(plain.partition(".")[0]) <= _LONGEST else None
    whole, _, rest = text.partition("点")
    value = _chinese(whole)
    if rest and value is not None:
        return value + sum(DIGITS.get(c, 0) / 10 ** n for n, c in enumerate(rest, 1))
    return value


def _chinese(text: str) -> float | None:
    total, section, digit = 0, 0, None
    for c in text:
        if c in DIGITS:
            if digit:
                return None
            digit = DIGITS[c]
        elif c not in SCALES:
            return None
        elif SCALES[c] < 10**4:
            section, digit = section + (1 if digit is None else digit) * SCALES[c], None
        else:
            below = section + (digit or 0)
            total, section, digit = (total + below or 1) * SCALES[c], 0, None
    return float(total + section + (digit or 0)) if text else None


def _mention(match: re.Match, line: str) -> Mention:
    form = next(name for name, _ in FORMS if match[f"{name}_form"] is not None)
    value, high, unit, fixed = _READ.get(form, _none)(match)
    start, stop = match.span()
    return Mention(form, start, stop, match[0].strip(), value, high, unit, fixed or _bound(line, start, stop))


def _bound(line: str, start: int, stop: int) -> str:
    """Return the bound of the words around an amount; one before it, such as 不低于, goes before one after it."""
    before, after = line[max(0, start - 8):start], line[stop:stop + 5]
    for pattern, bound in BEFORE:
        if re.search(pattern + r"\s?$", before):
            return bound
    for pattern, bound in AFTER:
        if re.match(pattern, after):
            return bound
    return "at_most" if re.search(f"(?:{WITHIN})$", before) else "equal"


def scaled(value: float, times: str, unit: str) -> tuple[float, str]:
    """Return a value with its multiplier in the unit plans count in: 8.5万亿元 → 85000 亿元, 13万元 → 130000 元, 5万人 → 5 万人."""
    factor, prefix = 1.0, times
    if times == "万亿":
        factor, prefix = 1e4, "亿"
    elif times in ("千亿", "百亿"):
        factor, prefix = (1e3 if times[0] == "千" else 1e2), "亿"
    elif times in ("千万", "百万", "十万"):
        factor, prefix = number(times[0]) or 1.0, "万"
    elif times in ("千", "百"):
        factor, prefix = number(times) or 1.0, ""
    unit = SAME_UNIT.get(unit, unit)
    if prefix == "万" and unit.partition("/")[0] == "元":
        factor, prefix = factor * 1e4, ""
    return round(value * factor, 10), prefix + unit


def _amount(match: re.Match) -> tuple:
    times, unit = match["times"] or "", match["unit"] or ""
    low, high = number(match["number"]), match["high"] and number(match["high"])
    if match["ratio"]:
        return low, None, "∶1", ""
    if low is None or (match["high"] and high is None):
        return None, None, "", ""
    top = scaled(high, times, unit)[0] if high is not None else None
    value, unit = scaled(low, match["low_times"] or times, unit or match["low_unit"] or "")
    more = "more_than" if match["more"] or match["more_after"] else ""
    return value, top, unit, SIGNS.get(match["sign"] or "", more)


def _han(match: re.Match) -> tuple:
    times = next((t for t in ("万亿", "亿", "万") if match["han"].endswith(t)), "") if match["han_unit"] not in "%‰" else ""
    rest = match["han"][:len(match["han"]) - len(times)] if times else match["han"]
    low = number(rest) if rest else 1.0
    high = match["han_high"] and number(match["han_high"])
    if low is None:
        return None, None, match["han_unit"], ""
    if match["han_unit"][0] == "成":
        return low * 10, high * 10 if high else None, "%", ""
    value, unit = scaled(low, times, match["han_unit"])
    return value, high, unit, "more_than" if match["han_more"] else ""


def _fraction(match: re.Match) -> tuple:
    below, above = number(match["below"]), number(match["above"])
    return (round(100 * above / below, 10) if below and above is not None else None), None, "%", ""


def _rank(match: re.Match) -> tuple:
    if match["first_place"]:
        return 1.0, None, "位", "equal"
    return number(match["rank"] or match["top"]), None, "位", "equal" if match["rank"] else "at_most"


def _status(match: re.Match) -> tuple:
    return float(STATUS.get(match["status"], 100)), None, "%", "about" if match["status"][:2] == "基本" else ""


def _multiple(match: re.Match) -> tuple:
    value = next(v for pattern, v in MULTIPLES.items() if re.fullmatch(pattern, match["multiple"]))
    return float(value), None, "倍", ""


def _each(match: re.Match) -> tuple:
    value, unit = scaled(number(match["each"][0]) or 1.0, "亿", "元")
    return value, None, unit, ""


def _none(_match: re.Match) -> tuple:
    return None, None, "", ""


_READ = {"amount": _amount, "han": _han, "fraction": _fraction, "rank": _rank, "status": _status, "multiple": _multiple,
         "each": _each, "all": lambda _match: (100.0, None, "%", "")}
