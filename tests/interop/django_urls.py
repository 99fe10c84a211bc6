"""The URLs of django_site.py: its pages, and the admin, which can be imported only once the settings are made."""

from __main__ import pages
from django.contrib import admin
from django.urls import path

urlpatterns = [*pages, path("admin/", admin.site.urls)]
