"""Notifications' statements, set-based: a handful for any batch."""
