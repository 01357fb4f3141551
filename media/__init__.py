"""Bytes in, safe files out: limits, clean photos, playable voices, and the store that keeps them."""
