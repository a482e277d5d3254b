"""Read what a plan prints, from text, HTML or .docx: its indicator tables and its commitments."""
