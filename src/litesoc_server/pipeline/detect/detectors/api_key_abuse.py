"""An API key that is used from a network where it never was, or for administration that it never did."""

from litesoc_server.events.catalog import CATALOG
from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event, NetworkKind
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.details import details_of
from litesoc_server.pipeline.detect.firing import Evidence, Finding, claim, detection_of
from litesoc_server.pipeline.detect.login_history import UNKNOWN, network_label
from litesoc_server.pipeline.detect.networks import kind_of
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import actor_key, scope_of
from litesoc_server.pipeline.policy import DAY_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import LATENESS_MS, Seen, Steps, known, seen

ID = "api_key_abuse"
_KEPT_MS = 400 * DAY_MS  # when a key came into use: as long as state is kept at all
_ABOUT_OTHER_KEYS = frozenset({"admin.api_key_created", "admin.api_key_revoked"})  # the key they name is not the one in use
_NOT_OURS = frozenset({"api.webhook_sent", "api.webhook_failed"})  # sent by the application, not to it
EVENT_NAMES = (
    frozenset(name for name, known in CATALOG.items() if known.category in {"api", "data", "admin", "authz"})
    - _ABOUT_OTHER_KEYS
    - _NOT_OURS
)
_ADMIN_CATEGORIES = frozenset({"admin", "authz"})
_NOT_ADMIN = frozenset({"authz.access_denied", "authz.access_granted", "admin.user_created"})  # what ordinary use leads to
_LIMITED_WORDS = ("ingest", "collect", "read", "public", "publishable", "write_only")  # kinds of keys with little power
_POWERFUL_WORDS = ("admin", "manage", "full", "*")
_HIDDEN_KINDS = frozenset({NetworkKind.TOR, NetworkKind.VPN, NetworkKind.PROXY})


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Look whether the key that an event names is used as it always was."""
    details = details_of(event)
    if details.api_key is None:
        return ()
    key = actor_key(details.api_key)
    detections = yield from _examine_network(event, policy, key)
    if event.category in _ADMIN_CATEGORIES and event.name not in _NOT_ADMIN:
        detections += yield from _examine_admin_act(event, policy, key, details.api_key_kind)
    return detections


def _networks_key(event: Event, key: str) -> str:
    return f"{scope_of(event)}key networks|{key}"


def _since_key(event: Event, key: str) -> str:
    return f"{scope_of(event)}key since|{key}"


def _examine_network(event: Event, policy: DetectionPolicy, key: str) -> Steps[tuple[Detection, ...]]:
    """Note the network of a use; nearly always it is an old one and that is all."""
    at_ms, network = event.occurred_at_ms, network_label(event.network)
    use = yield from seen(
        key=_networks_key(event, key),
        value=network,
        at_ms=at_ms,
        member=event.event_id,
        ttl_ms=policy.login_memory_ms,
    )
    if use.count:
        return ()
    # The first use of a key is from a new network, so this set knows since when the key is in use.
    yield from seen(key=_since_key(event, key), value="", at_ms=at_ms, member=event.event_id, ttl_ms=_KEPT_MS)
    if network == UNKNOWN:
        return ()
    since_ms, uses = yield from _history(event, policy, key, network)
    if since_ms is None or uses.count or uses.set_size > policy.api_key_abuse_networks_count:
        return ()
    window = str(at_ms // DAY_MS)
    if not (yield from claim(event, detector=ID, key=f"network|{key}|{network}", window=window)):
        return ()
    finding = _new_network(event, policy, key, since_ms, uses)
    return (detection_of(finding, event, origin_of(event), key=f"network|{key}|{network}", window=window),)


def _examine_admin_act(event: Event, policy: DetectionPolicy, key: str, kind: str | None) -> Steps[tuple[Detection, ...]]:
    at_ms = event.occurred_at_ms
    acts = yield from seen(
        key=f"{scope_of(event)}key acts|{key}", value="", at_ms=at_ms, member=event.event_id, ttl_ms=_KEPT_MS
    )
    if acts.count:
        return ()
    since_ms, uses = yield from _history(event, policy, key, network_label(event.network))
    is_limited = kind is not None and _is_any_in(_LIMITED_WORDS, kind) and not _is_any_in(_POWERFUL_WORDS, kind)
    if since_ms is None and not is_limited:
        return ()
    window = str(at_ms // DAY_MS)
    if not (yield from claim(event, detector=ID, key=f"act|{key}", window=window)):
        return ()
    finding = _first_admin_act(event, policy, key, since_ms, uses, kind if is_limited else None)
    return (detection_of(finding, event, origin_of(event), key=f"act|{key}", window=window),)


def _history(event: Event, policy: DetectionPolicy, key: str, network: str) -> Steps[tuple[int | None, Seen]]:
    """Return since when a key is in use, None while that is too short or too little to go by, and its uses.

    All as of LATENESS_MS before the event, so that the answer is final.
    """
    before_ms = event.occurred_at_ms - LATENESS_MS
    uses = yield from known(key=_networks_key(event, key), value=network, at_ms=before_ms)
    if uses.set_count < policy.api_key_abuse_uses_count:
        return None, uses
    since = yield from known(key=_since_key(event, key), value="", at_ms=before_ms)
    if since.first_ms is None or event.occurred_at_ms - since.first_ms < policy.api_key_abuse_baseline_ms:
        return None, uses
    return since.first_ms, uses


def _is_any_in(words: tuple[str, ...], text: str) -> bool:
    return any(word in text for word in words)


def _new_network(event: Event, policy: DetectionPolicy, key: str, since_ms: int, uses: Seen) -> Finding:
    name, age_ms = wording.name(key), event.occurred_at_ms - since_ms
    is_hidden = event.network is not None and kind_of(event.network) in _HIDDEN_KINDS
    where = wording.where(event.geo, event.network)
    old, least = wording.several(uses.set_size, "network"), wording.duration(policy.api_key_abuse_baseline_ms)
    limits = f"{policy.api_key_abuse_uses_count} uses and {policy.api_key_abuse_networks_count} networks"
    return _finding(
        event,
        severity=AlertSeverity.MEDIUM if is_hidden else AlertSeverity.LOW,
        key=key,
        title=f"API key {name} used from a new network",
        description=(
            f"At {wording.utc(event.occurred_at_ms)} the API key {name} was used ({event.name}) from {event.user_ip} "
            f"({where}). In the {wording.duration(age_ms)} before, it was used from {old} only, and never from this one."
        ),
        reasons=(
            f"first use from this network in {wording.duration(age_ms)}; the limit is {least}",
            f"{wording.number(uses.set_count)} earlier uses from {old}; the limits are {limits}",
            *(("the network hides where its users are",) if is_hidden else ()),
        ),
        facts=(
            Fact("age_ms", age_ms, policy.api_key_abuse_baseline_ms),
            Fact("uses_count", uses.set_count, policy.api_key_abuse_uses_count),
            Fact("networks_count", uses.set_size, policy.api_key_abuse_networks_count),
        ),
        ruled_out=("A key that is used from anywhere, as in an app: it had come from few networks.",),
    )


def _first_admin_act(
    event: Event, policy: DetectionPolicy, key: str, since_ms: int | None, uses: Seen, kind: str | None
) -> Finding:
    name = wording.name(key)
    where = f" from {event.user_ip} ({wording.where(event.geo, event.network)})" if event.user_ip is not None else ""
    reasons: list[str] = []
    facts = [Fact("uses_count", uses.set_count, policy.api_key_abuse_uses_count)]
    ruled_out = ["A key for administration: no earlier administrative act of it is known."]
    if kind is not None:
        reasons.append(f"the key is of a kind with few rights ({wording.name(kind)}); 0 administrative acts belong to it")
    if since_ms is not None:
        age_ms = event.occurred_at_ms - since_ms
        facts.append(Fact("age_ms", age_ms, policy.api_key_abuse_baseline_ms))
        reasons.append(
            f"its first administrative act in {wording.duration(age_ms)} and {wording.number(uses.set_count)} uses; the "
            f"limits are {wording.duration(policy.api_key_abuse_baseline_ms)} and {policy.api_key_abuse_uses_count}"
        )
        ruled_out.append("A key that is new: it was in use for longer than the limit.")
    return _finding(
        event,
        severity=AlertSeverity.MEDIUM if kind is not None else AlertSeverity.LOW,
        key=key,
        title=f"API key {name} used for administration",
        description=(
            f"At {wording.utc(event.occurred_at_ms)} {event.name} was done with the API key {name}{where}. "
            f"{CATALOG[event.name].description} The key had never been used for administration."
        ),
        reasons=tuple(reasons),
        facts=tuple(facts),
        ruled_out=tuple(ruled_out),
    )


def _finding(
    event: Event,
    *,
    severity: AlertSeverity,
    key: str,
    title: str,
    description: str,
    reasons: tuple[str, ...],
    facts: tuple[Fact, ...],
    ruled_out: tuple[str, ...],
) -> Finding:
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=severity,
        incident_key=f"api_key|key:{key}",
        title=title,
        description=description,
        reasons=reasons,
        facts=facts,
        ruled_out=ruled_out,
        actions=DETECTOR.actions,
        evidence=Evidence.of_one(origin_of(event)),
    )


DETECTOR = Detector(
    id=ID,
    title="API key used in a new way",
    group=DetectorGroup.AFTER_LOGIN,
    alert_type=AlertType.SUSPICIOUS_ACTIVITY,
    severity=AlertSeverity.LOW,
    techniques=(
        AttackTechnique("T1550.001", "Application Access Token"),
        AttackTechnique("T1528", "Steal Application Access Token"),
    ),
    description=(
        "Looks at events about the API, data and administration whose metadata names the API key that was used "
        "(api_key_id, api_key_name, api_key_prefix, key_id, key_name, key_prefix, token_id, token_name; put no secret "
        "there). Fires when a key that has been in use for 10 days and at least 20 times, from at most 5 networks, comes "
        "from another network (low; medium when that is Tor, a VPN or a proxy); and when a key does its first "
        "administrative act: low when it has been in use as long and as often, medium when metadata (api_key_type, "
        "api_key_scope, key_type, scopes, …) says that it is for sending or reading only. Incident: api_key|key:<key>."
    ),
    false_positives=(
        "The program that uses the key moves to another provider.",
        "A developer tries the key of a server on a laptop.",
        "A program gets a new task that needs administration.",
    ),
    actions=(
        "Ask the owner of the key whether it is used there, and for that, on purpose.",
        "If not: revoke the key, issue another one, and review what was done with it.",
        "Bind keys to addresses and give them only the rights they need.",
    ),
    event_names=EVENT_NAMES,
    examine=examine,
)
