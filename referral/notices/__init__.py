"""Telling people and systems, outside of the service, that there is something to look at."""
