"""Organisations that the operator has closed: keys get 403, pages and open streams too; what is stored is kept."""


class OrganizationSuspended(Exception):
    """What was asked for belongs to a suspended organisation."""
