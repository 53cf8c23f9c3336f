"""Moving bytes between machines and one bucket."""
