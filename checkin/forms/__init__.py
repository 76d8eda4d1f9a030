"""The shape of input, one class a task. No queries here."""
