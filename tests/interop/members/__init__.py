"""A Django application with a user model of its own."""
