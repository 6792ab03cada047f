"""Outbound requests: the one way to fetch what a URL that a user configured names, so that none reaches inward."""
