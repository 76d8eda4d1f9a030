"""What an organiser sets up: the event, its statuses, teams, products, people and settings."""
