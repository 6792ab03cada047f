"""The rules of licenses, seats and people: pure functions over frozen values, in the words of the domain."""
