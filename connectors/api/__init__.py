"""HTTP APIs: asking them, and coping with what they answer."""
