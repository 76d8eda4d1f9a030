"""Scripts that measure; each prints one line of JSON (docs/architecture.md, what "fast" means here)."""
