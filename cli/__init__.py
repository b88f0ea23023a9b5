"""The `cxloop` command: by hand what the DAGs do by schedule."""
