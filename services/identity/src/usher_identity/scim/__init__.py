"""SCIM 2.0: its resources and messages as people and groups say them, apart from how they are stored and asked for."""
