"""What runs beside the webhook: one-item functions that return whether there was work."""
