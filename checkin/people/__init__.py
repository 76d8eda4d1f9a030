"""How people sign in: passwords, what is done against guessing, and new passwords by email."""
