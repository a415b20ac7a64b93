"""The room plan as a picture: rooms and nights, drawn for a terminal, a page or a screen."""
