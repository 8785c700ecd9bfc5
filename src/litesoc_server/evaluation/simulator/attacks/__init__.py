"""Attacks, one small file each: a family in its variants."""
