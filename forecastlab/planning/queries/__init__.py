"""Reads for planning's pages."""
