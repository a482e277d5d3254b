"""The chart with one slider, as Panel's guides write it: a pane that is bound to the slider and updated in place."""

import panel as pn
import road

pn.extension("vega")
growth = pn.widgets.FloatSlider(name="Growth 2026-2030, % a year", start=0, end=10, step=0.1, value=5)
pn.Column("# The road to 2035", growth, pn.pane.Vega(pn.bind(road.chart, growth))).servable()
