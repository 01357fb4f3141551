"""The schema's history, one module a step; `storage.migrate` runs it."""
