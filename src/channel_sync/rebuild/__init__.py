"""Tells all that happened to a hotel's bookings again, elsewhere, and compares: an audit."""
