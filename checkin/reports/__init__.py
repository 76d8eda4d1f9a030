"""What is read for the pages: SQL in, frozen dataclasses out. Nothing here changes anything."""
