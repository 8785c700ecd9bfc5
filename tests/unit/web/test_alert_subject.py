import pytest

from litesoc_server.web.alerts.subject import Subject, subject_of


@pytest.mark.parametrize(
    ("key", "subject"),
    [
        ("credential_attack|ip:2001:db8::1", Subject(address="2001:db8::1")),
        ("account|actor:mira|ip:1", Subject(actor="mira|ip:1")),
        ("instant|authz.access_denied|actor:usr_9", Subject(actor="usr_9")),
        ("storm|organisation", Subject(other="organisation")),
        ("odd", Subject(other="odd")),
    ],
)
def test_a_key_names_an_actor_an_address_or_something_else(key: str, subject: Subject) -> None:
    assert subject_of(key) == subject
