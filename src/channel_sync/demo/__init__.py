"""A hotel, a day of channel messages, and the embedded parts they run on."""
