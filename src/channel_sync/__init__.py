"""Applies reservations from booking channels, read from Kafka, to a hotel's PostgreSQL."""

__version__ = "0.1.0"
