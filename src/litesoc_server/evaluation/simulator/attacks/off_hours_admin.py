"""An administrator's account works at night: on its own computer left open, or from elsewhere."""

from litesoc_server.evaluation.simulator.attacks.base import Family
from litesoc_server.evaluation.simulator.ledger import Place
from litesoc_server.evaluation.simulator.population import User
from litesoc_server.evaluation.simulator.stage import Stage

_PLACES = (Place.OWN, Place.OWN, Place.OFFICE, Place.VPN, Place.RESIDENTIAL)


def launch(stage: Stage) -> None:
    """Change settings and accounts between 1 and 4 o'clock of the owner's night."""
    admins = stage.victims(stage.pick(1, 1, 2), _is_admin)
    for user in admins:
        access = user.home if stage.place is Place.OWN else stage.access()
        device = user.browser.on(stage.day) if stage.place is Place.OWN else stage.device(user)
        at_ms = stage.start(25.0, 27.5, user.city)
        session_id = stage.enter(at_ms, user.actor, access, device)
        for when_ms in stage.gaps(at_ms + 60_000, stage.pick(6, 3, 3), stage.pick(40, 900, 120)):
            name, metadata = stage.rng.choice(
                (
                    ("admin.settings_changed", {"setting": "sso"}),
                    ("admin.user_created", {"target_user_id": f"usr_{stage.rng.getrandbits(48):012x}"}),
                )
            )
            stage.do(when_ms, name, user.actor, access, device, metadata=metadata, session_id=session_id)


def _is_admin(user: User) -> bool:
    return user.is_admin


FAMILY = Family("off_hours_admin", launch, _PLACES)
