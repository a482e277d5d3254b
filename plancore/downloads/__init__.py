"""The same to take away: CSV, workbooks, documents, PDF."""
