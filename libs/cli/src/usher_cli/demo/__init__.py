"""The demo: a district with a year behind it, made once in front of one's eyes and found again ever after."""
