"""Fuzz the outline reader: layouts cut, glued, shuffled and sprinkled with signs; `python benchmarks/fuzz_outline.py 600`, or `--record`.

Each text must be read without an error other than DataError, and every frame must keep the promises of `check`. Prints how many
texts were tried and every failure with its seed, and records the seconds that a whole outline of 100,000 signs takes, two tables in
long text; goal: below 1.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "outline"))

import layouts  # noqa: E402
import results  # noqa: E402
from plancore import schema
from plancore import outline  # noqa: E402

SIGNS = list("指标属性序号年均累计目标基期〔〕[]()（）【】|｜\t\n\n  　—－-/≥≤<>%％①*.,，、。:：0123456789０９万亿元个其中约束性预期性以上左右〇\u200b\ufeff\u00a0") + [
    "2020年", "2025年", "指标", "类别", "属性", "〔100 万〕", "国家下达指标", "<td>", "</td>", "<table>", "</table>", "<tr>", "rowspan=9", "— 12 —", "其中：", "1:2.2", "注："]
TABLES = [layouts.zhejiang("zj13"), layouts.zhejiang("zj14"), layouts.NATION, layouts.CITY, layouts.COUNTY]


def seeds() -> list[str]:
    """Every table in every layout that is text, and the cells of some as bytes do not matter here."""
    made = [layouts.render(t, layout)[0] for layout in layouts.LAYOUTS for t in TABLES]
    return [m for m in made if isinstance(m, str)]


def spoiled(text: str, other: str, chance: random.Random) -> str:
    """The text after a few accidents."""
    for _ in range(chance.randint(1, 6)):
        at, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
        kind = chance.randrange(7)
        if kind == 0:
            text = text[:at]
        elif kind == 1:
            text = text[:at] + text[min(end, at + 400):]
        elif kind == 2:
            text = text[:at] + "".join(chance.choices(SIGNS, k=chance.randint(1, 30))) + text[at:]
        elif kind == 3:
            text = text[:at] + other[chance.randrange(len(other) + 1):][:3000] + text[at:]
        elif kind == 4:
            lines = text.split("\n")
            chance.shuffle(lines)
            text = "\n".join(lines)
        elif kind == 5:
            text = text.replace(chance.choice(SIGNS), chance.choice(SIGNS))[:300_000]
        else:
            text = text[at:end] + text
    return text[:400_000]


def check(text: str) -> str:
    """What is wrong with the answer, or nothing: columns, vocabularies, values only where something is printed."""
    try:
        frames = outline.read(text)
    except schema.DataError:
        frames = []
    for frame in frames:
        if list(frame.columns) != list(outline.COLUMNS) or not len(frame):
            return "columns or no rows"
        for row in frame.to_dict("records"):
            if row["bound"] not in schema.VOCABULARIES["bound"] or row["form"] not in (*schema.VOCABULARIES["form"], ""):
                return f"vocabulary {row}"
            for column in ("baseline", "target", "change", "actual", "actual_change"):
                if row[column] == "" and row[f"{column}_value"] == row[f"{column}_value"]:
                    return f"a value without a cell {row}"
                if row[column] and row[f"{column}_value"] != row[f"{column}_value"] and f"{column}:" not in row["flags"]:
                    return f"a cell without a value or flag {row}"
            printed = [row[c] for c in ("category", "indicator", "unit", "baseline", "target", "change", "actual", "actual_change")]
            if any("\n" in p or p != p.strip() for p in printed):
                return f"line ends or blanks in a cell {row}"
    return ""


def seconds_for(signs: int) -> float:
    """CPU seconds to read an outline of so many signs: paragraphs of a plan around its two tables."""
    tables = [layouts.render(layouts.zhejiang(plan), layouts.LAYOUTS[0])[0] for plan in ("zj13", "zj14")]
    prose = "到2025年,主要指标进一步提升,全员劳动生产率年均增长6%以上,人均预期寿命超过80岁,发展质量明显提高。\n\n" * (signs // 100)
    text = (prose[:signs // 2] + "\n".join(tables) + prose)[:signs]
    start = time.process_time()
    assert len(outline.read(text)) == 2
    return time.process_time() - start


def main(seconds: float, seed: int = 0) -> int:
    texts, chance = seeds(), random.Random(seed)
    start, tried, failures, slowest = time.time(), 0, 0, 0.0
    while time.time() - start < seconds:
        text = spoiled(chance.choice(texts), chance.choice(texts), chance)
        before = time.process_time()
        try:
            wrong = check(text)
        except Exception as error:  # any other error is a failure of the reader
            wrong = f"{type(error).__name__}: {error}"
        slowest = max(slowest, time.process_time() - before)
        tried += 1
        if wrong:
            failures += 1
            kept = Path(tempfile.gettempdir()) / f"fuzz-outline-{seed}-{tried}.txt"
            kept.write_text(text, encoding="utf-8")
            print(f"{kept}: {wrong[:300]}", flush=True)
            if failures >= 20:
                break
    print(f"{tried} texts in {time.time() - start:.0f} s, {failures} failures, slowest {slowest:.2f} s")
    return failures > 0


def record() -> None:
    spent = [seconds_for(100_000) for _ in range(5)]
    middle = sorted(spent)[2]
    results.record({"outline: seconds for 100,000 signs": results.goal(middle, spent, "< 1 s", middle < 1)})


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        sys.exit(record())
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 600, int(sys.argv[2]) if len(sys.argv) > 2 else 0))
