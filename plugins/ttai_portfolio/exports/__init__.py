"""Records as tables in files: csv, json, parquet; pure."""
