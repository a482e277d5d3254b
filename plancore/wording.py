"""Every Chinese and English word a reader sees, and how numbers, units and bounds are written."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal

LANGUAGES = ("zh", "en")

_WORDS: dict[str, tuple[str, str]] = {
    # the site
    "site_title": ("五年规划指标进展", "Five-year-plan indicators"),
    "site_lead": ("规划目标、公布数据与每个数字的出处。", "Plan targets, published figures, and where each number comes from."),
    "home": ("首页", "Home"),
    "other_language": ("English", "中文"),
    "single_file": ("单文件版", "Single file"),
    "data_until": ("数据更新至 {date}", "Data published until {date}"),
    "run": ("批次 {run}", "Run {run}"),
    "search": ("查找报告", "Find a report"),
    "reports": ("报告", "Reports"),
    "tables_download": ("数据表下载（CSV）", "Download the tables (CSV)"),
    "stale_since": ("本页本次未能更新，仍为 {date} 的版本。", "This page could not be updated; it dates from {date}."),
    "no_match": ("没有符合的报告。", "No report matches."),
    # reports
    "plan_review": ("规划终期评估", "Final review"),
    "plan_review_asks": ("规划收官时完成了多少，哪些没有完成，哪些无从判断？",
                         "How did the plan end: what was fulfilled, what was not, what cannot be told?"),
    "gap_analysis": ("{as_of}年目标差距分析", "Gap analysis {as_of}"),
    "gap_analysis_asks": ("截至{as_of}年，各项目标与时序进度相比处于什么位置？",
                          "By {as_of}, where does each target stand against its schedule?"),
    "only_binding": ("仅约束性指标", "obligatory indicators only"),
    "only_expected": ("仅预期性指标", "anticipatory indicators only"),
    "as_known_on": ("按{day}前已公布的数", "as published by {day}"),
    # attributes, kinds
    "binding": ("约束性", "Obligatory"), "expected": ("预期性", "Anticipatory"), "": ("—", "—"),
    "text_goal": ("正文目标", "Goal in the text"),
    # statuses
    "achieved_early": ("提前完成", "target met early"),
    "at_target": ("已达到目标水平", "at the target level, to be held"),
    "ahead": ("快于预期", "ahead of schedule"),
    "on_track": ("基本符合预期", "broadly on schedule"),
    "behind_slight": ("略有滞后", "behind, acceleration needed"),
    "behind": ("明显滞后", "far behind"),
    "reversing": ("逆向变化", "moving away"),
    "compliant": ("达标", "within the control value"),
    "breached": ("未达标", "over the control value"),
    "final": ("终期", "final"),
    "not_assessable": ("暂无法评估", "not assessable"),
    # verdicts
    "exceeded": ("超额完成", "over-fulfilled"), "met": ("完成", "fulfilled"),
    "nearly_met": ("基本完成", "basically fulfilled"), "missed": ("未完成", "not fulfilled"),
    "no_figure": ("无完成数", "no figure"),
    # the four official words
    "提前完成": ("提前完成", "achieved ahead of schedule"), "快于预期": ("快于预期", "faster than expected"),
    "基本符合预期": ("基本符合预期", "basically in line with expectations"), "滞后": ("滞后", "lagging behind schedule"),
    # reasons
    "not_collected": ("未收集到数据", "data not collected"), "not_published": ("未公布", "not published"),
    "not_comparable": ("口径不可比", "not comparable"), "not_assigned": ("国家下达指标，表内无数", "assigned by the State, no number printed"),
    "too_few": ("数据太少", "too few figures"), "missing_years": ("缺中间年份，不能累计", "years missing, cannot be accumulated"),
    "break": ("口径有变", "break in the series"), "price_basis": ("价格口径不同", "different price basis"),
    "lower_bound_only": ("仅有下限数", "only a lower bound is known"), "no_baseline": ("缺基期数", "no baseline"),
    "step_pending": ("一次到位类，尚未到位", "moves in one step, not yet taken"),
    "not_printed": ("原表未印完成数", "no outcome is printed"),
    # trends
    "improving": ("向好", "improving"), "worsening": ("转差", "worsening"), "flat": ("持平", "flat"), "unknown": ("—", "—"),
    # bounds
    "at_least": ("{x}以上", "at least {x}"), "at_most": ("{x}以下", "at most {x}"),
    "more_than": ("超过{x}", "more than {x}"), "less_than": ("低于{x}", "less than {x}"),
    "about": ("{x}左右", "about {x}"), "equal": ("{x}", "{x}"), "none": ("—", "—"),
    # forms
    "level": ("期末水平", "level at the end"), "average_growth": ("年均增长", "average yearly growth"),
    "cumulative_sum": ("五年合计", "five-year total"), "cumulative_rate": ("五年累计降低率", "cumulative reduction"),
    "cumulative_change": ("五年累计变化", "cumulative change"), "yearly_control": ("逐年控制", "controlled every year"),
    "assigned": ("国家下达", "assigned by the State"),
    "said_level": ("{x}", "{x}"), "said_average_growth": ("年均{x}", "{x} a year"), "said_yearly_control": ("每年{x}", "{x} every year"),
    "said_cumulative_sum": ("累计{x}", "{x} in total"), "said_cumulative_rate": ("累计{x}", "{x} in total"),
    "said_cumulative_change": ("累计{x}", "{x} in total"), "said_assigned": ("国家下达", "assigned by the State"),
    "linear": ("直线", "linear"), "geometric": ("等比", "geometric"), "hold": ("保持", "hold"), "step": ("一次到位", "step"),
    "current": ("当年价", "current prices"), "comparable": ("可比价", "comparable prices"),
    "constant2020": ("2020年不变价", "2020 constant prices"), "unstated": ("价格口径未说明", "price basis not stated"),
    # headline
    "gap_says": ("截至{as_of}年，{plan}{counted}项指标中{seen}项有数据可评估（约束性{binding_all}项中{binding}项，预期性{expected_all}项中{expected}项）。",
                 "By {as_of}, {seen} of the plan's {counted} indicators can be assessed ({binding} of {binding_all} obligatory, {expected} of {expected_all} anticipatory)."),
    "finals_say": ("其中{n}项已有{year}年终期数据。", " {n} of them have {year} figures, so their verdict is final."),
    "review_says": ("{plan}{counted}项指标中{seen}项印有或公布了完成数（约束性{binding_all}项中{binding}项，预期性{expected_all}项中{expected}项）。",
                    "Outcomes are known for {seen} of the plan's {counted} indicators ({binding} of {binding_all} obligatory, {expected} of {expected_all} anticipatory)."),
    "review_short": ("未完成或基本完成：{names}。", "Not or only basically fulfilled: {names}."),
    "none_short": ("有完成数的指标均已完成。", "All indicators with a figure were fulfilled."),
    "lagging_names": ("滞后：{names}。", "Lagging: {names}."),
    "missed_names": ("终期未完成：{names}。", "Not fulfilled at the end: {names}."),
    "stale_note": ("数据截至{year}年", "figure of {year}"),
    # tiles
    "tile_official": ("按国家中期评估四类用语", "In the four words of the national mid-term evaluation"),
    "tile_verdict": ("终期结论", "Final verdicts"),
    "of_which_binding": ("约束性 {n}", "obligatory {n}"),
    "share_met_assessable": ("完成 ÷ 可判断", "fulfilled ÷ assessable"), "share_met_all": ("完成 ÷ 全部", "fulfilled ÷ all"),
    "official_says": ("纲要自述", "The outline says"),
    # sections
    "overview": ("一图看全部", "All indicators in one picture"),
    "standing": ("各项指标（按规划顺序）", "Indicator by indicator, in plan order"),
    "text_goals": ("正文另列的目标", "Further goals in the text"),
    "paths": ("逐项走势与目标路径", "Each indicator against its path"),
    "working": ("测算底稿", "The working"),
    "working_lead": ("每一行列出输入、公式与结果，可据此复算。", "Each row gives inputs, formula and result, so that it can be recomputed."),
    "provenance": ("每个数字的出处", "Where each number comes from"),
    "provenance_lead": ("原表单元格照录；行号为纲要文本的行号。", "Cells as printed; line numbers refer to the outline's text."),
    "rules": ("判断规则", "Rules of judgement"),
    "choices": ("同一年份有多个公布数时的取舍", "Which of several published values is used"),
    "sources": ("数据来源", "Sources"),
    "data_table": ("图中数据", "The chart's numbers"),
    "outcomes_table": ("各项指标完成情况", "Outcome by indicator"),
    "no_figure_section": ("没有完成数的指标", "Indicators without a figure"),
    # columns
    "row": ("序号", "No."), "indicator": ("指标", "Indicator"), "attribute": ("属性", "Attribute"), "unit": ("单位", "Unit"),
    "category": ("类别", "Category"), "baseline": ("{year}年", "{year}"), "target": ("{year}年目标", "Target {year}"),
    "against_path": ("较时序", "vs schedule"), "assessment": ("评估", "Assessment"), "figure_from": ("数据来源与时点", "Source and date"),
    "target_value": ("目标", "Target"), "value": ("数值", "Value"), "period": ("年份", "Year"), "progress": ("完成进度", "Progress"), "time_share": ("时序进度", "Time share"),
    "pace_ratio": ("进度比", "Pace ratio"), "observed_pace": ("实际年均", "Observed pace"), "required_pace": ("后续年均需", "Required pace"),
    "gap": ("距目标", "Gap"), "required": ("应达到", "Due"), "trend": ("近期走势", "Trend"), "formula": ("公式", "Formula"),
    "outcome": ("完成数", "Outcome"), "verdict": ("结论", "Verdict"), "margin": ("较目标", "vs target"), "completion_rate": ("完成率", "Completion"),
    "delivered": ("计划增量完成", "Planned change delivered"), "official_verdict": ("纲要结论", "Outline's verdict"),
    "printed_name": ("原表名称", "Printed name"), "printed_baseline": ("基期格", "Baseline cell"), "printed_target": ("目标格", "Target cell"),
    "printed_change": ("年均/累计格", "Average/total cell"), "printed_actual": ("完成格", "Outcome cell"),
    "printed_actual_change": ("年均/累计完成格", "Average/total outcome cell"), "lines": ("行号", "Lines"), "reading": ("读法", "Reading"),
    "note": ("说明", "Note"), "series": ("系列", "Series"), "code": ("代码", "Code"), "rule": ("规则", "Rule"), "chosen": ("采用", "Used"),
    "others": ("另有", "Others"), "qualifier": ("精度", "Precision"), "source": ("来源", "Source"), "status": ("状态", "Status"),
    # series in charts
    "series_baseline": ("基期", "Baseline"), "series_required": ("目标路径", "Required path"), "series_observed": ("实际", "Observed"),
    "series_yearly": ("当年增速", "Growth in the year"), "series_target": ("目标", "Target"),
    "official_average": ("官方公布的年均数", "official average"),
    "chart_progress_axis": ("计划变化量的完成进度（%）", "Progress of the planned change (%)"),
    "chart_elapsed": ("时序进度", "Time elapsed"),
    "chart_overview_title": ("{n}项可比进度的指标：{ahead}项不慢于时序", "{n} indicators with a measurable pace: {ahead} at or ahead of schedule"),
    "chart_overview_sub": ("圆点为完成进度，竖线为时序进度；超出图幅的点画在边上，数值见提示。",
                           "Dots show progress, ticks the time elapsed; dots beyond the frame sit at its edge, values are in the tooltip."),
    "chart_review_title": ("{n}项有完成数：{met}项完成或超额完成", "{n} indicators with a figure: {met} fulfilled or over-fulfilled"),
    "chart_review_sub": ("计划变化量的完成比例；竖线为100%，超出图幅的点画在边上。",
                         "Share of the planned change delivered; the line is 100 %, dots beyond the frame sit at its edge."),
    "chart_delivered_axis": ("计划变化量的完成比例（%）", "Share of the planned change delivered (%)"),
    "alt_trajectory": ("{name}：{says}。{from_year}年基期{baseline}，{to_year}年目标{target}，最近{year}年为{value}{unit}。",
                       "{name}: {says}. Baseline {from_year} {baseline}, target {to_year} {target}, latest {year}: {value} {unit}."),
    "alt_overview": ("{title}。各指标的完成进度与时序进度见下方数据表。", "{title}. Progress and time share of each indicator are in the table below."),
    "chart_source": ("来源：{sources}", "Source: {sources}"),
    "hollow": ("空心为初步数", "hollow = preliminary"), "lower_bound": ("三角为下限数", "triangle = lower bound"),
    # misc
    "grade": ("等级", "grade"), "date_unknown": ("发布日期不详", "date unknown"), "comma": ("，", ", "), "list_comma": ("、", ", "),
    "colon": ("：", ": "), "bracket": ("（{x}）", " ({x})"), "year": ("{year}年", "{year}"), "stop": ("。", ". "),
    "about_value": ("约{x}", "about {x}"), "more_than_value": (">{x}", ">{x}"), "points": ("个百分点", "pp"),
    "a_year": ("{x}/年", "{x} a year"), "percent_a_year": ("{x}%/年", "{x}% a year"), "outline_line": ("纲要文本第{x}行", "outline, lines {x}"),
    "official_final": ("最终数", "final"), "official_preliminary": ("初步数", "preliminary"), "secondary": ("转引", "secondary"),
    "derived": ("推算", "derived"), "exact": ("准确", "exact"),
    "no_rows": ("没有符合条件的指标。", "No indicator fits."),
    "and_more": ("等{n}项", "and others, {n} in all"),
    # the working
    "steps": ("公式与数值", "Formula with its numbers"), "gap_percent": ("距目标（%）", "Gap (%)"),
    "gap_years": ("按现速尚需（年）", "Years at this pace"), "acceleration": ("需提速", "Acceleration needed"),
    "baseline_used": ("基期", "Baseline used"), "baseline_printed": ("规划表印出数", "as printed"),
    "baseline_revised": ("修订数", "revised"), "baseline_none": ("无", "none"), "across_break": ("其后口径有变", "series breaks after it"),
    "w_level_linear": ("P=({y}−{y0})÷({yT}−{y0})={P}", "P = ({y} − {y0}) ÷ ({yT} − {y0}) = {P}"),
    "w_level_geometric": ("P=ln({y}÷{y0})÷ln({yT}÷{y0})={P}", "P = ln({y} ÷ {y0}) ÷ ln({yT} ÷ {y0}) = {P}"),
    "w_compared": ("{y} 与 {yT} 比较", "{y} against {yT}"),
    "w_control": ("{y} 与控制值 {yT} 比较", "{y} against the control value {yT}"),
    "w_growth_chain": ("{n}年连乘年均 {y}%；P={n}·ln(1+{y}%)÷({N}·ln(1+{yT}%))={P}",
                       "{n} years chained: {y}% a year; P = {n}·ln(1+{y}%) ÷ ({N}·ln(1+{yT}%)) = {P}"),
    "w_growth_official_average": ("官方年均 {y}%（连乘为 {chain}%）；P={n}·ln(1+{y}%)÷({N}·ln(1+{yT}%))={P}",
                                  "official average {y}% (the chain gives {chain}%); P = {n}·ln(1+{y}%) ÷ ({N}·ln(1+{yT}%)) = {P}"),
    "w_cumulative_sum": ("P={y}÷{yT}={P}", "P = {y} ÷ {yT} = {P}"),
    "w_cumulative_rate": ("累计降低 {y}%；P=ln(1−{y}%)÷ln(1−{yT}%)={P}", "reduced by {y}%; P = ln(1−{y}%) ÷ ln(1−{yT}%) = {P}"),
    "w_cumulative_change": ("P={y}÷{yT}={P}", "P = {y} ÷ {yT} = {P}"), "w_none": ("—", "—"),
    "w_pace": ("；τ={n}÷{N}={tau}；ρ=P÷τ={rho}", "; τ = {n}÷{N} = {tau}; ρ = P÷τ = {rho}"),
    "sensitivity": ("换一个发布时点或基期，结论是否改变", "Does another vintage or baseline change the answer"),
    "sensitivity_lead": ("基期值→当期值，进度比，状态。首发：次年年中已公布的数；修订基期：与当期同口径的基期数。",
                         "Baseline → value, pace ratio, status. First: what was published by the middle of the next year; revised: the baseline on the basis of the figure."),
    "as_first": ("首发数", "First published"), "as_now": ("现用数", "Known now"), "as_revised": ("修订基期", "Revised baseline"),
    "not_yet_known": ("尚未公布", "not yet published"), "nothing_moves": ("没有因此改变的指标。", "No indicator moves."),
    "in_force_since": ("{since}年下达", "in force since {since}"),
    "outlook": ("如延续目前速度", "At the current pace"),
    "outlook_lead": ("趋势外推，不是预测：带漂移随机游走，t区间80%；只有两个点时只画直线。",
                     "The trend goes on; not a forecast: random walk with drift, 80 % t-interval; a line where there are only two points."),
    "extrapolated": ("期末外推值", "At the end"), "interval": ("80%区间", "80 % interval"), "chance": ("达到目标的可能", "Chance of meeting the target"),
    "method": ("方法", "Method"), "m_random_walk_drift": ("带漂移随机游走", "random walk with drift"), "m_line": ("直线（两点）", "line (two points)"),
    "no_outlook": ("数据不足或规划已收官，不作外推。", "Too few figures, or the plan has ended: no outlook."),
    "backtest": ("外推的回测", "The outlook tested on the past"),
    "backtest_says": ("用当年已知的数作外推，共{n}次可核对：带区间的{judged}次中{inside}次落在80%区间内（{coverage}）。误差占计划变化量，中位数：外推{error}，不变法{error_last}，目标直线法{error_line}；平均：外推{mean_error}，不变法{mean_error_last}，目标直线法{mean_error_line}。",
                      "{n} outlooks with the figures of the time can be checked: of {judged} with an interval, {inside} came out inside the 80 % interval ({coverage}). Error as a share of the planned change, median: outlook {error}, last value {error_last}, line to the target {error_line}; mean: outlook {mean_error}, last value {mean_error_last}, line {mean_error_line}."),
    "international": ("国际规则对照", "By international rules"),
    "international_lead": ("加拿大统计局与欧盟统计局的做法，只用于水平类目标；R 为实际与所需年均增速之比，后为−5至5分。",
                           "The rules of Statistics Canada and Eurostat, for level targets only; R is the observed over the required growth rate, then the score from −5 to 5."),
    "statcan": ("加拿大统计局", "Statistics Canada"), "eurostat": ("欧盟统计局", "Eurostat"),
    "c_target_achieved": ("已达目标", "target achieved"), "c_substantial_progress": ("进展显著", "substantial progress"),
    "c_moderate_progress": ("进展中等", "moderate progress"), "c_limited_progress": ("进展有限", "limited progress"),
    "c_deterioration": ("倒退", "deterioration"), "c_not_available": ("无法计算", "not available"),
    "c_significant_progress": ("进展显著", "significant progress"), "c_no_progress": ("没有进展", "no progress"),
    "c_moderate_deterioration": ("中度偏离", "moderate movement away"), "c_significant_deterioration": ("明显偏离", "significant movement away"),
    "derivations": ("推算值（不作结论）", "Derived values (no verdict)"),
    "derivations_lead": ("由已公布数推算，官方未公布；只供参考，不用于评估。", "Computed from published figures where no official one exists; for orientation only, never assessed."),
    "d_real_income": ("当年收入÷上年收入÷(1+居民消费价格涨幅)−1", "income ÷ last year's income ÷ (1 + CPI) − 1"),
    "d_productivity": ("地区生产总值÷年末就业人员", "GDP ÷ employed persons at the year's end"),
    "no_derived": ("没有可推算的数。", "Nothing can be derived."), "series_derived": ("推算", "Derived"),
    # methods page
    "methods": ("测算方法", "Methods"), "methods_asks": ("每个结论是怎样算出来的？", "How is each answer computed?"),
    "forms": ("目标的形式与进度公式", "Forms of target and their progress"), "form": ("形式", "Form"), "example": ("举例", "Example"),
    "bounds": ("界限词", "Bounds"), "bound": ("界限", "Bound"), "breaks": ("已声明的口径变化", "Declared breaks"),
    "since": ("自", "Since"), "what": ("内容", "What"), "comparable_with": ("可与原目标比较", "Comparable with the target"),
    "yes": ("是", "yes"), "no": ("否", "no"), "classes": ("国际规则的分级", "Classes of the international rules"), "cut": ("界限值", "Cut"),
    "class": ("级别", "Class"), "statuses": ("执行期的状态", "Statuses during the plan"), "verdicts": ("收官后的结论", "Verdicts after the plan"),
    "e_level": ("75左右", "about 75"), "e_average_growth": ("年均5.5以上", "at least 5.5 a year"), "e_cumulative_sum": ("〔400〕万人", "〔400〕 10,000 persons"),
    "e_cumulative_rate": ("能耗降低〔17〕%", "energy intensity cut by 〔17〕 %"), "e_cumulative_change": ("近视率降低〔5〕", "myopia rate down by 〔5〕"),
    "e_yearly_control": ("失业率5.5左右", "unemployment about 5.5"), "e_assigned": ("国家下达指标", "assigned by the State"),
    "p_level": ("P=(y−y₀)/(y_T−y₀)；等比路径取对数", "P = (y−y₀)/(y_T−y₀); logs on a geometric path"),
    "p_average_growth": ("P=ln∏(1+gᵢ)/(n·ln(1+g*))；官方年均数优先", "P = ln∏(1+gᵢ)/(n·ln(1+g*)); an official average comes first"),
    "p_cumulative_sum": ("P=Σ/C*", "P = Σ/C*"), "p_cumulative_rate": ("P=ln∏(1−cᵢ)/ln(1−C*)；总量减排按线性", "P = ln∏(1−cᵢ)/ln(1−C*); linear for total emissions"),
    "p_cumulative_change": ("P=Σ/C*", "P = Σ/C*"), "p_yearly_control": ("逐年与控制值比较，收官看各年最差值", "each year against the control value; at the end the worst year"),
    "p_assigned": ("下达之前不评估；下达后按累计降低率", "not assessed until a number is assigned; then a cumulative reduction"),
    "b_at_least": ("含本数", "the figure included"), "b_at_most": ("含本数", "the figure included"), "b_more_than": ("不含本数", "the figure excluded"),
    "b_less_than": ("不含本数", "the figure excluded"), "b_about": ("四舍五入后等于印出数，或更好；控制类只作上限", "rounds to the printed figure, or is better; a ceiling for a control"),
    "b_equal": ("未带界限词：按更好的方向作下限或上限", "a bare number: a floor or a ceiling in the better direction"),
    "printed_word": ("印出用语", "As printed"),
    "bw_at_least": ("以上、不低于", "以上, 不低于"), "bw_at_most": ("以下、以内、不超过", "以下, 以内, 不超过"), "bw_more_than": ("超过、突破、大于", "超过, 突破, 大于"),
    "bw_less_than": ("低于、不满", "低于, 不满"), "bw_about": ("左右", "左右"), "bw_equal": ("只有数字", "number only"),
    "with_target": ("有目标：R", "with a target: R"), "without_target": ("无目标：年均增速", "without: yearly growth"),
    "bands_title": ("进度比ρ怎样变成状态", "How the pace ratio becomes a status"), "bands_sub": ("横轴为时序进度，纵轴为完成进度；线为ρ的界限值。", "Time share across, progress up; lines are the cuts of ρ."),
    "bands_alt": ("自原点出发的三条直线把平面分为快于预期、基本符合预期、略有滞后与明显滞后四区，斜率依次为{cuts}。", "Three lines from the origin, of slope {cuts}, part the plane into ahead, on schedule, slightly behind and far behind."),
    "cut_line": ("ρ={x}", "ρ = {x}"),
    "methods_answer": ("指标按其形式计算进度，与时间进度相比得出状态；收官后与目标逐一比较得出结论。所有界限值与公式都取自计算所用的同一张表。",
                       "Each indicator's progress follows from its form; set against the time elapsed it gives the status, and after the plan the comparison with the target gives the verdict. All cuts and formulas on this page are the ones the computation uses."),
    # formulas
    "f_level_linear": ("P=(y−y₀)/(y_T−y₀)，路径为直线", "P = (y−y₀)/(y_T−y₀), linear path"),
    "f_level_geometric": ("P=ln(y/y₀)/ln(y_T/y₀)，路径为等比", "P = ln(y/y₀)/ln(y_T/y₀), geometric path"),
    "f_level_hold": ("保持类：y 与目标比较", "to be held: y against the target"),
    "f_level_step": ("一次到位类：y 与目标比较", "one step: y against the target"),
    "f_growth_chain": ("P=ln∏(1+gᵢ)/(n·ln(1+g*))，逐年增速连乘", "P = ln∏(1+gᵢ)/(n·ln(1+g*)), chained yearly rates"),
    "f_growth_official_average": ("官方年均增速优先，连乘值 {chain}% 并列", "official average first; the chain gives {chain}%"),
    "f_control": ("逐年与控制值比较", "each year against the control value"),
    "f_cumulative_sum": ("P=Σ/C*", "P = Σ/C*"),
    "f_cumulative_rate": ("P=ln∏(1−cᵢ)/ln(1−C*)", "P = ln∏(1−cᵢ)/ln(1−C*)"),
    "f_cumulative_change": ("P=Σ/C*", "P = Σ/C*"),
    "f_none": ("—", "—"),
    "f_y/yT": ("y/y_T", "y/y_T"), "f_yT/y": ("y_T/y", "y_T/y"), "f_reached/planned": ("实际累计÷计划累计", "reached ÷ planned"),
    "f_((1+g)/(1+g*))^n": ("((1+g)/(1+g*))ⁿ", "((1+g)/(1+g*))ⁿ"),
    # rules
    "rule_ahead": ("进度比 ρ ≥ {x}", "pace ratio ρ ≥ {x}"),
    "rule_on_track": ("{x} ≤ ρ < {y}", "{x} ≤ ρ < {y}"), "rule_behind_slight": ("{x} ≤ ρ < {y}", "{x} ≤ ρ < {y}"),
    "rule_behind": ("0 ≤ ρ < {y}", "0 ≤ ρ < {y}"), "rule_reversing": ("ρ < 0", "ρ < 0"),
    "rule_achieved_early": ("期末前已达到，且属不会回落的存量", "met before the end, by a stock that does not fall back"),
    "rule_at_target": ("期末前已达到，但属会回落的流量或波动量", "met before the end, by a quantity that can fall back"),
    "rule_compliant": ("逐年控制或保持类，达到要求", "controlled or held value, within the bound"),
    "rule_breached": ("逐年控制或保持类，未达到要求", "controlled or held value, outside the bound"),
    "rule_exceeded": ("严格优于目标；“左右”须优于其舍入范围", "strictly better than the target; with 左右, better than all that rounds to it"),
    "rule_met": ("等于目标，或“左右”舍入后相同", "equal, or rounding to the printed figure with 左右"),
    "rule_nearly_met": ("仅预期性：计划变化量完成 {x}% 以上", "anticipatory only: at least {x}% of the planned change delivered"),
    "rule_missed": ("其余", "the rest"),
    "rule_note": ("0.95、0.60、0 取自欧盟统计局与加拿大统计局，1.05 与 0.95 对称，为本工具设定；国家评估未公布数字界限。",
                  "0.95, 0.60 and 0 are Eurostat's and Statistics Canada's; 1.05 mirrors 0.95 and is ours. No official cut-offs are published."),
}

MARKS = {
    "achieved_early": "✓", "at_target": "◎", "ahead": "▲", "on_track": "●", "behind_slight": "▽", "behind": "▼",
    "reversing": "↓", "compliant": "■", "breached": "✕", "final": "◆", "not_assessable": "○",
    "exceeded": "▲", "met": "●", "nearly_met": "▽", "missed": "▼", "no_figure": "○",
    "提前完成": "✓", "快于预期": "▲", "基本符合预期": "●", "滞后": "▼",
}
"""A shape for each status and verdict, so that colour never tells alone."""


def text(key: str, lang: str, /, **values: object) -> str:
    """The wording of a key in `zh` or `en`, with values filled in. Raises KeyError for an unknown key."""
    return _WORDS[key][LANGUAGES.index(lang)].format(**values)


def known(key: str) -> bool:
    """Whether the glossary has this key."""
    return key in _WORDS


def number(value: float, signed: bool = False) -> str:
    """A number as readers write it: thousands grouped, at most 2 decimals from 1 on and 4 below; — where missing."""
    if value is None or math.isnan(value):
        return "—"
    size = abs(value)
    decimals = 0 if size >= 10000 else 1 if size >= 1000 else 2 if size >= 1 else 4
    said = _fixed(size, decimals)
    said = said.rstrip("0").rstrip(".") if "." in said else said
    if said == "0":
        return "0"
    return ("−" if value < 0 else "+" if signed else "") + said


def percent(share: float, decimals: int = 0) -> str:
    """A share as per cent, 0.3047 → 30%."""
    return "—" if share is None or math.isnan(share) else _fixed(share * 100, decimals).replace("-", "−") + "%"


def ratio(value: float) -> str:
    """A pace ratio with two decimals; — where missing or beyond −1 to 5, where it informs nobody."""
    return _fixed(value, 2).replace("-", "−") if -1 <= value <= 5 else "—"


def progress(share: float) -> str:
    """Progress as per cent with one decimal; only its side beyond −100 and 200 %, where the number informs nobody."""
    if share < -1 or share > 2:
        return "< −100%" if share < -1 else "> 200%"
    return percent(share, 1)


def bounded(value: float, bound: str, lang: str) -> str:
    """A figure with its bound: 75左右, at least 5.5."""
    return text(bound, lang, x=number(value))


def target(row: dict, lang: str) -> str:
    """A target as a reader says it, from its target_value, bound and form: 年均5.5以上, 国家下达."""
    return text("said_" + row["form"], lang, x=bounded(row["target_value"], row["bound"], lang))


def qualified(value: float, qualifier: str) -> str:
    """An observation with its precision: ≈3.3, >200."""
    return {"about": "≈", "more_than": ">"}.get(qualifier, "") + number(value)


def difference(value: float, unit: str, lang: str) -> str:
    """A difference with its sign and unit; between percentages in percentage points."""
    if value is None or math.isnan(value):
        return "—"
    unit = text("points", lang) if unit == "%" else unit
    space = "" if lang == "zh" else " "
    return number(value, signed=True) + space + unit


def aged(row: dict, lang: str) -> str:
    """The year of a figure, in brackets, where it is not of the year asked about; from `stale` and `last_period`."""
    return text("bracket", lang, x=text("stale_note", lang, year=int(row["last_period"]))) if row["stale"] else ""


def pace(value: float, unit: str, pace_unit: str, lang: str) -> str:
    """A yearly pace: +1.07 a year in the unit, or per cent a year."""
    if value is None or math.isnan(value):
        return "—"
    return text("percent_a_year" if pace_unit == "percent" else "a_year", lang, x=number(value, signed=True))


def _fixed(value: float, decimals: int) -> str:
    """Grouped, with so many decimals, halves rounded up as statisticians do (2.125 → 2.13)."""
    exact = Decimal(repr(round(float(value), 10)))
    return f"{exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,}"


def names(items: list[str], lang: str, most: int = 6) -> str:
    """A list of names in a sentence, cut with a count where it is long."""
    shown = text("list_comma", lang).join(items[:most])
    return shown + (text("and_more", lang, n=len(items)) if len(items) > most else "")


def markdown(said: str) -> str:
    """Text from data made safe for Markdown: no markup, no HTML."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", said).replace("&", "&amp;")


def sentence(said: str, lang: str) -> str:
    """A note in brackets behind a phrase; nothing for an empty note."""
    return text("bracket", lang, x=markdown(said)) if said else ""
