"""Marks of tests: the engines that one is about, both roles of the sites, many requests at once."""

import functools

from sites import Visitor


def only(condition):
    """Leaves a test out of the classes of the engines that it says nothing about."""

    def mark(test):
        test.applies = condition
        return test

    return mark


def both_ways(test):
    """Runs a test twice, the sites in both roles, with a new visitor each time."""

    @functools.wraps(test)
    def twice(self):
        for first, second in ((self.django, self.nuages), (self.nuages, self.django)):
            with self.subTest(first=first.name, second=second.name):
                test(self, first, second, Visitor())

    return twice


def load(test):
    """Marks a test of many requests at once: it says nothing about a version of Django (`--light`)."""
    test.load = True
    return test


revocable = only(lambda engine: engine.revocable)
database = only(lambda engine: engine.in_database)
rows = only(lambda engine: engine.short == "db")
