"""Reports as rows: each in one file, with what may be asked of it, by the statements that its page goes by."""
