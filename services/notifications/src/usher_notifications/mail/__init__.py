"""Mail: what a notice looks like as a message, and how messages reach the mail server."""
