"""The platform's API as the program calls it: token, media, sends, with typed errors."""
