"""Every rule of the desk. Plain functions, the session first; they change rows and never commit."""
