"""Panels: views over models. They say by signal what the user wants, and never ask the server."""
