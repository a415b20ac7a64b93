"""What the worker tells those who run it: logs, metrics, health."""
