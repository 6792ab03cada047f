"""Usage over HTTP: activity, inactive seats, policies."""
