"""The schedule: one file per DAG, each task one call into a room."""
