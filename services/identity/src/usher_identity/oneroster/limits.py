"""How large a set may be. Every limit is checked while reading; what a zip says of itself can only refuse it sooner."""

MAX_ENTRIES = 1_000
"""Files of a folder or entries of a zip. A OneRoster set has at most 20."""

MAX_DIRECTORY_BYTES = 1024**2
"""Bytes of a zip's list of entries, so that the list itself cannot fill the memory."""

MAX_UNPACKED_BYTES = 4 * 1024**3
"""Bytes that the files of one set may have together, unpacked: some ten million rows."""

MAX_RATIO = 100
"""Unpacked bytes for each byte of the whole zip. Rosters pack about 10 to 1; deflate can reach 1,032 to 1."""

FREE_UNPACKED_BYTES = 16 * 1024**2
"""Up to here no ratio is asked: a small file of equal rows packs better than `MAX_RATIO`, and harms nobody."""

MAX_LINE_CHARACTERS = 1024**2
"""Characters of one line. A longer one is no row: the file is something else than CSV."""

MAX_RECORD_LINES = 50
"""Lines that one row may span by line breaks inside quotes; beyond, a quote was left open."""

MAX_TEXT_CHARACTERS = 512
"""Characters of an identifier, a name or an address that is kept. A longer one is its row's error."""

MAX_NAMED = 100
"""Characters of a row's id that its issue names."""
