"""The messages that Usher's services exchange: facts, their envelope, the catalogue and the topology."""
