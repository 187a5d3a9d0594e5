"""The networks and their weights; the only code that knows torch."""
