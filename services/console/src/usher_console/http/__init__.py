"""The console's pages and the acts that their forms do."""
