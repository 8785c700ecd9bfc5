"""Every metric: its name, unit and meaning. Shown to Prometheus when LITESOC_METRICS_PORT is set.

Labels never hold personal data or ids of organisations, so their number is bounded.
"""

from prometheus_client import Counter, Gauge, Histogram

_LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

EVENTS_ACCEPTED = Counter("litesoc_events_accepted", "Events answered with 202, so durable in the stream.")
REQUESTS_REFUSED = Counter("litesoc_requests_refused", "Requests to /collect that were refused, by error code.", ["code"])
WEBHOOK_RECORDS_IGNORED = Counter(
    "litesoc_webhook_records_ignored", "Records of webhooks that make no event, by source.", ["source"]
)
RATE_LIMIT_ERRORS = Counter(
    "litesoc_rate_limit_errors", "Times the rate limiter could not be asked and the request went on."
)
QUOTA_ERRORS = Counter("litesoc_quota_errors", "Times the quota counters could not be asked and the request went on.")
INGEST_ERRORS = Counter("litesoc_ingest_errors", "Requests answered with 500 because of a bug; the log names each one's id.")
EVENTS_PROCESSED = Counter("litesoc_events_processed", "Events that went through every step of the pipeline.")
EVENTS_DEAD_LETTERED = Counter("litesoc_events_dead_lettered", "Events that could not be processed, kept as dead letters.")
EVENTS_REDELIVERED = Counter("litesoc_events_redelivered", "Redelivered events that the store already held, so passed over.")
DETECTIONS = Counter("litesoc_detections", "Firings, by detector.", ["detector"])
DETECTOR_ERRORS = Counter("litesoc_detector_errors", "Detectors that raised and were skipped for one event.", ["detector"])
DETECTION_BEHIND = Gauge("litesoc_detection_behind", "1 while events are stored without detection, to be caught up with.")
STATE_UNREADABLE = Counter("litesoc_state_unreadable", "Entries in Redis that could not be read and count as nothing known.")
EVENTS_UNEXAMINED = Counter(
    "litesoc_events_unexamined", "Events stored without detection because its state was away; they are caught up with."
)
STORE_RETRIES = Counter("litesoc_store_retries", "Store writes that failed and were tried again.")
STORE_PENDING = Gauge("litesoc_store_pending", "Events processed and waiting to be written to the store.")
STORE_WRITE_SECONDS = Histogram("litesoc_store_write_seconds", "Time of one write to the store.", buckets=_LATENCY_BUCKETS_S)
ENRICH_ERRORS = Counter("litesoc_enrich_errors", "Events stored without place and network because a lookup raised.")
IP_DATA_PROBLEMS = Gauge("litesoc_ip_data_problems", "IP data that could not be opened; `litesoc doctor` names each.")
IP_DATA_AGE_DAYS = Gauge(
    "litesoc_ip_data_age_days", "Age of the IP data when it was opened, days, by kind and source.", ["kind", "source"]
)
DETECTIONS_APPLIED = Counter(
    "litesoc_detections_applied", "Detections that alerts were made or updated from, or knew already."
)
DETECTIONS_DEAD_LETTERED = Counter("litesoc_detections_dead_lettered", "Detections that could not become an alert.")
ALERT_RETRIES = Counter("litesoc_alert_retries", "Batches of detections that wait because the control database is away.")
NOTIFICATIONS_LEFT_OUT = Counter(
    "litesoc_notifications_left_out", "Notifications that were not kept, because too many wait for their channel."
)
DELIVERIES = Counter(
    "litesoc_deliveries", "Deliveries through channels that came to an end, by outcome.", ["kind", "outcome"]
)
DELIVERY_ATTEMPTS_FAILED = Counter("litesoc_delivery_attempts_failed", "Attempts to deliver that failed.", ["kind"])
DELIVERY_SECONDS = Histogram(
    "litesoc_delivery_seconds", "Time of one attempt to deliver, by kind of channel.", ["kind"], buckets=_LATENCY_BUCKETS_S
)
DELIVERY_LAG_SECONDS = Histogram(
    "litesoc_delivery_lag_seconds",
    "From due to delivered, of what was delivered.",
    buckets=(*_LATENCY_BUCKETS_S, 60.0, 3600.0),
)
CHANNELS_DISABLED = Counter("litesoc_channels_disabled", "Channels switched off after failures.")
