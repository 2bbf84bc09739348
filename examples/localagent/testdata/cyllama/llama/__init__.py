"""See cyllama/__init__.py."""
