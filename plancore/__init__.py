"""plancore: five-year-plan targets as data, measured, drawn and published; start at `load`, `gaps`, `charts`."""

import sys

# nbformat and altair bring in jsonschema, which tries this package for the format of international addresses, and the
# package compiles a grammar for two seconds in every process. Nothing here checks that format: say it is not there.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
