"""A made-up city's outline, what a person decides on its plan, and a checkout in which its plan is added."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

from plancore import paths

ROOT = paths.ROOT
OUTLINE = """海州市国民经济和社会发展第十五个五年规划纲要（草案）

第二章 主要目标

专栏1 “十五五”时期经济社会发展主要指标
类别\t序号\t指标\t单位\t2025年\t2030年\t年均增长〔累计〕\t属性
经济发展\t1\t地区生产总值增长\t%\t—\t—\t5.5左右\t预期性
\t2\tR&D经费支出占GDP比重\t%\t2.9\t3.4以上\t—\t预期性
\t\t其中：企业研发经费占比\t%\t80\t85\t—\t预期性
海洋经济\t3\t常住人口城镇化率\t%\t68.5\t72左右\t—\t预期性
\t4\t城镇新增就业人数\t万人\t—\t—\t〔30〕\t预期性
生态环境\t5\t单位GDP能源消耗降低\t%\t—\t—\t〔12〕\t约束性
\t6\t地级及以上城市细颗粒物(PM2.5)平均浓度\t微克/立方米\t28\t25以下\t—\t约束性
\t7\t海水养殖绿色化率\t%\t40\t60\t—\t预期性
"""
NAME = "海州市“十五五”规划"
DECIDED = {
    "plans": {"hz15": {"name_en": "Haizhou 15th Five-Year Plan"}},
    "sources": {"hz15-outline": {"publisher": "海州市人民政府", "grade": "A"}},
    "categories": {"hz15_1": {"category_en": "Marine economy"}},
    "indicators": {"hz15_2b": {"name_en": "Firms' share of R&D", "better": "higher", "nature": "stock"},
                   "hz15_4": {"name_en": "New urban jobs", "better": "higher", "nature": "flow"},
                   "hz15_7": {"name_en": "Share of green sea farming", "better": "higher", "nature": "stock"}},
    "targets/hz15": {"2b": {"path": "linear", "counted": "false"}, "7": {"path": "linear"}}}
"""What a person decides: file to row to column."""


def checkout(folder: Path) -> Path:
    for name in ("plancore", "notebooks", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".observing"))
    (folder / "reports").mkdir()
    for name in ("requirements.lock", "pyproject.toml", "reports/schedule.yml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "outline.txt").write_text(OUTLINE, encoding="gb18030")
    return folder


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "plancore", *arguments], cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)},
                          capture_output=True, text=True)


def decide(data: Path, decided: dict) -> None:
    for name, rows in decided.items():
        path = data / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            header, *lines = csv.reader(file)
        for line in lines:
            for column, value in rows.get(line[0], {}).items():
                assert line[header.index(column)] == "?", (name, line[0], column)
                line[header.index(column)] = value
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *lines])


def undecided() -> int:
    return sum(len(columns) for rows in DECIDED.values() for columns in rows.values())
