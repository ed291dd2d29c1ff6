"""Turns a section of a changelog into an announcement."""

__version__ = "1.4.0"
