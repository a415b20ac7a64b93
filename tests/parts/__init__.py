"""PostgreSQL and Kafka for the tests: found, started, named honestly, and cleared away."""
