"""Tables, ledgers and drafts that leave the system as files."""
