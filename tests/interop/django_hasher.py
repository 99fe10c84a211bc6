"""Django's default hasher with fewer rounds: the tests log in often, and a session depends on the stored text alone."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    iterations = 1000
