"""Tests of the window, offscreen, against a real server."""
