"""Entitlements' statements: load what a batch needs, save what was decided. Nothing here commits."""
