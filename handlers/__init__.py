"""What the bot does with each message."""
