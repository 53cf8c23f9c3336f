"""Rendering: renderers, their hosts, the node, the queue and the checks of frames."""
