"""Checkin: the desk software for "Ask the Experts" at conferences."""
