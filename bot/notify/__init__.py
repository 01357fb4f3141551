"""How notices leave: by which channel, in which words, and what follows from what the channel answers."""
