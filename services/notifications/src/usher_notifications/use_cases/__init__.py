"""What notifications does with facts: keeps what notices need, and makes the deliveries that are due."""
