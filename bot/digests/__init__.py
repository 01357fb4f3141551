"""The weekly digest: which week, what is in it, how it reads by chat, by mail and as a page."""
