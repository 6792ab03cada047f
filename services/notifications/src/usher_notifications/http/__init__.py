"""Notifications over HTTP: deliveries, templates, subscriptions."""
