"""Models that somebody else runs: what we ask them, where we may go, and what comes back.

`configured.embeddings()` gives the embedding model of this installation, or None. Whatever goes
wrong at the other end is a `ProviderError` with one of six codes; keys are in none of them.
"""
