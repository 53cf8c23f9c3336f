"""Answers of the server as the command line reads them."""

from typing import Any

Answer = dict[str, Any]
"""JSON as it came. What is in it is said once, by the server's shapes."""
