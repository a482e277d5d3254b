"""Read what a plan prints, from text, HTML or .docx: its indicator tables and its commitments."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, submodules=["commitments"], submod_attrs={
    "reader": ["COLUMNS", "combined", "flagged", "read", "read_file", "read_lines", "text_of", "to_csv", "write"],
    "cells": ["ASSIGNED", "Cell", "blank", "cell", "name_unit", "relative", "unit_of"]})
