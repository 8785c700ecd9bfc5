"""What kind of network an address is in, the sender's ids of device and session, and the risk of a login."""

from alembic import op

revision = "0002"
down_revision = "0001"

# Old servers do not name these columns when they insert, so each has a default.
_COLUMNS = (
    "accuracy_km Nullable(Float32)",
    "network_kind LowCardinality(Nullable(String))",
    "network_confidence Nullable(Float32)",
    "network_provider LowCardinality(Nullable(String))",
    "device_id Nullable(String) CODEC(ZSTD(1))",
    "session_id Nullable(String) CODEC(ZSTD(1))",
    "risk_score Nullable(UInt8)",
    "risk String DEFAULT '' CODEC(ZSTD(3))",
)


def upgrade() -> None:
    """Add them."""
    for column in _COLUMNS:
        op.execute(f"ALTER TABLE events ADD COLUMN IF NOT EXISTS {column}")
