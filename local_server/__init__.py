"""The server: routes, events, the command line; the domain lives in `local_server.farm`."""
