"""Notifications: notices by mail, with their deliveries."""
