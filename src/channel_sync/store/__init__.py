"""PostgreSQL: migrations, named SQL and one typed function per statement."""
