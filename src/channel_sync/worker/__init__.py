"""Kafka to PostgreSQL: partitions claimed, slices applied, properties planned."""
