"""The shape of a finding and the words it may use, each listed once and used."""

import ast
import inspect

from plancore.audit import findings, table_checks, text_checks
from plancore.measures import intervals


class TestShape:
    def test_columns_and_words(self, plan13, plan14):
        for frame in (plan13, plan14):
            assert list(frame.columns) == [
                "plan", "check", "row", "column", "cell", "printed", "computed", "low", "high", "unit_zh", "difference",
                "percent", "verdict", "why", "lines"]
            assert set(frame["verdict"]) <= set(findings.VERDICTS)
            assert set(frame["check"]) <= set(findings.CHECKS) and set(frame["why"]) <= set(findings.WHYS)
            assert not frame[["check", "row", "cell", "unit_zh", "verdict", "why", "lines"]].isna().any().any()

    def test_every_why_is_used_and_listed_once(self):
        text = "\n".join(map(inspect.getsource, (intervals, findings, table_checks, text_checks)))
        names = [n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        assert len(set(findings.WHYS)) == len(findings.WHYS) and len(set(findings.CHECKS)) == len(findings.CHECKS)
        assert [w for w in findings.WHYS if names.count(w) < 2] == []
