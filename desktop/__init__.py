"""The window: a client of the local server that knows it by HTTP and by its events only."""
