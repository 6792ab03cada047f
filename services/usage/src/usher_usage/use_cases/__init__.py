"""What usage does: one module for each thing that it knows."""
