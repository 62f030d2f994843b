"""`hardball tune`: the search for each method's best settings, by validation figures."""
