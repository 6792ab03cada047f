"""Entitlements over HTTP: products, rules, terms, pools, seats, checks and explanations."""
