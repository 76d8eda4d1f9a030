"""What sets the repository up. Uses nothing but Python itself."""
