"""The history of the schema: each step is SQL, run as whoever must own what it makes."""
