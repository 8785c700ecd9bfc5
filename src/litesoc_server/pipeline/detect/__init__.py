"""Detectors, one small file each, and the runner that feeds them."""
