"""The command line: `yuntu` and its commands, a client of the local server."""
