"""OpenTravel XML and its dialects: reservations as hotels' channel managers send them."""
