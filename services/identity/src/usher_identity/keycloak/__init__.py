"""Keycloak's events as its RabbitMQ publisher sends them: read, and said in the words of commands."""
