"""What the process of a worker imports and reads before pages are forked from it."""

from plancore import prefork

prefork.prepare(("altair", "great_tables", "IPython.core.completerlib", "scipy.special", "plancore.reports.engine", "plancore.gaps",
                 "plancore.trajectories", "plancore.scenario", "plancore.bridge", "plancore.coverage"),
                ("audit", "charts", "downloads", "load", "measures", "outline", "views"))
