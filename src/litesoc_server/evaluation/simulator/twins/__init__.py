"""Benign events that look like attacks: what a good detector tells apart. Staged in attacked organisations only."""
