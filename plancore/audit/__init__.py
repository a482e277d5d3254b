"""Whether a plan agrees with itself."""
