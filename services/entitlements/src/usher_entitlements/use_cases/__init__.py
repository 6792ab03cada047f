"""What entitlements does, one function an act: load under locks, decide by the domain's rules, save with its facts."""
