"""plancore: five-year-plan targets as data, measured, drawn and published; start at `load`, `gaps`, `charts`."""
