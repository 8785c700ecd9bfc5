"""Instrumentation health: whether what applications send is good enough to detect anything by. Notices for operators."""
