"""Voila behind our addresses."""
