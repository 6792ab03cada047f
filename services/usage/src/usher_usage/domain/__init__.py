"""The rules of usage: who comes, who does not, and when that is told."""
