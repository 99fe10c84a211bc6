"""Users who are not in `auth_user`."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Member(AbstractBaseUser):
    username = models.CharField(max_length=150, unique=True)
    objects = BaseUserManager()
    USERNAME_FIELD = "username"
