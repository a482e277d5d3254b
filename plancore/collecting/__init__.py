"""`data/` becomes `tables/`; new figures, forms and plans come into `data/`."""
