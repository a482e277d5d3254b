"""The road to 2035 as each peer draws it: the same Vega-Lite chart, its path computed in Python for one assumed growth."""

import altair as alt
import pandas as pd

SEEN = pd.read_csv("road.csv")
"""Index of GDP observed since 2020: year, index; written by apps.py from our tables."""
SECOND = 4.5
"""Growth 2031-2035, % a year; held, as our app starts."""
_INK, _GREY, _BLUE = "#1f2933", "#5b6570", "#12507b"
_X = alt.X("year:Q", title=None, scale=alt.Scale(domain=[2020, 2039], nice=False), axis=alt.Axis(format="d", grid=False))
_Y = alt.Y("index:Q", title="2020 = 100", scale=alt.Scale(zero=False))
_TIPS = [alt.Tooltip("year:O"), alt.Tooltip("index:Q", format=".1f")]


def _drawn(frame: pd.DataFrame) -> alt.Chart:
    return alt.Chart(frame).encode(x=_X, y=_Y, tooltip=_TIPS)


_EVEN = pd.DataFrame({"year": range(2020, 2036), "index": [100 * 2 ** (n / 15) for n in range(16)]})
_HELD = [_drawn(_EVEN).mark_line(color="#8a94a0", strokeWidth=1.2), _drawn(SEEN).mark_line(color=_INK, strokeWidth=2.2),
         _drawn(SEEN).mark_point(color=_INK, fill="white", size=64, opacity=1),
         _drawn(_EVEN.tail(1)).mark_point(shape="diamond", size=120, filled=True, color=_BLUE, opacity=1)]
"""The layers that no slider moves, made once."""


def path(growth: float) -> pd.DataFrame:
    """Year by year from the last observed index to 2035, growing at `growth` until 2030."""
    last = SEEN.iloc[-1]
    rates = [growth if year <= 2030 else SECOND for year in range(int(last["year"]) + 1, 2036)]
    values = last["index"] * pd.Series([1.0, *(1 + rate / 100 for rate in rates)]).cumprod()
    return pd.DataFrame({"year": range(int(last["year"]), 2036), "index": values})


def chart(growth: float) -> alt.LayerChart:
    """The even path to the doubling, what was observed, the goal, and the path assumed with the number it ends at."""
    ahead = path(growth)
    end = _drawn(ahead.tail(1).assign(said=f"● {ahead['index'].iloc[-1]:.1f}"))
    moved = [_drawn(ahead).mark_line(color=_GREY, strokeWidth=1.6, strokeDash=[6, 4]),
             end.mark_point(color=_GREY, fill="white", size=80, opacity=1), end.mark_text(align="left", dx=9).encode(text="said:N")]
    return alt.layer(*_HELD, *moved).properties(width=620, height=340)
