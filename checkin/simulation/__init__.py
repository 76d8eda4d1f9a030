"""A day at the desk, sped up, through the same functions as people use (docs/specification.md, section 13)."""
