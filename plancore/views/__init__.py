"""Show the frames of an answer on a page: in words, as tables and as links, in the page's language."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"annex", "bridge", "briefing", "commitments", "coverage", "indicator", "methods", "page", "plan", "records",
                "scenario", "table", "workings"},
    submod_attrs={
        "page": ["answer", "cited", "files", "folded", "language", "parts", "picture", "selection", "sources", "title"],
        "plan": ["gap_headline", "outcomes", "results", "review_headline", "standing"],
        "indicator": ["explanations"],
        "records": ["cards", "outcome_cards"],
        "workings": ["audit_headline", "audit_results", "backtest", "breaks", "choices", "completion_working", "derivations",
                     "findings", "international_comparison", "outlook", "provenance", "sensitivity", "working"],
        "methods": ["judgement"]})
