"""Wires: each connects a few panels and models with the client, and holds nothing else."""
