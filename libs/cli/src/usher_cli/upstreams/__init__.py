"""What connecting an upstream takes, by the way that it comes."""
