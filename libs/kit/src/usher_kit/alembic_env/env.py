"""Alembic's environment for every service: the connection and the version folder come from `usher_kit.migrations`."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=context.config.attributes.get("metadata"))
with context.begin_transaction():
    context.run_migrations()
