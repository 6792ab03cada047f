"""Telling again: current state from an owner's tables, and the history that its relay kept, for one queue alone."""
