"""The chart with one slider, as Streamlit's guides write it: the script runs anew at each step."""

import road
import streamlit as st

st.title("The road to 2035")
growth = st.slider("Growth 2026-2030, % a year", 0.0, 10.0, 5.0, 0.1)
st.altair_chart(road.chart(growth), width="content")
