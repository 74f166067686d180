"""Files before they are tickets: bytes to text, JSON, CSV and XML records one at a time, archives, joins on disk."""
