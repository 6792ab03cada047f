"""The rules of organizations, people and roles (seats: Words; interfaces: Roles and what they may do)."""
