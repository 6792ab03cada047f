"""Identity over HTTP: organizations, people, roles, logins, and sign-in by OpenID Connect."""
