"""Who acts on a page, as the audit log records it."""

from litesoc_server.orgs.audit_by import by_of

__all__ = ["by_of"]
