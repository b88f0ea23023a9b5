"""The demo company, its systems, and the run of the whole loop on a real Airflow."""
