"""Models: what the window knows, fed by whoever talks to the server; none of them does itself."""
