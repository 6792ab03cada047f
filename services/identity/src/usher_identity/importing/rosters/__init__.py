"""Rosters read over OneRoster's REST: page by page into a job, which then goes on as one of files does."""
