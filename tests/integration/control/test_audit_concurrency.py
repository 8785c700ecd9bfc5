import os
import subprocess
import sys

import pytest
from django.db import connection

from audit_logs import ORG
from litesoc_server.audit.database_check import verify_database
from litesoc_server.audit.models import AuditEntry

WRITERS, EACH = 8, 25
WRITER = """
import os, sys, uuid, django
django.setup()
from django.db import connection, transaction
from django.conf import settings
settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = sys.argv[1]
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By
from litesoc_server.audit.record import record

def write(gate):
    os.read(gate, 1)
    for number in range(int(sys.argv[4])):
        with transaction.atomic():
            record(org_id=uuid.UUID(sys.argv[2]), action=Action.LOGIN, by=By(principal="user:7", name="mira@shop.example"))

gate, opens = os.pipe()
children = []
for _ in range(int(sys.argv[3])):
    children.append(os.fork())
    if not children[-1]:
        os.close(opens)
        write(gate)
        os._exit(0)
os.close(opens)
sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""  # processes of one that has imported everything, which takes a second


@pytest.mark.django_db(transaction=True)
def test_eight_processes_that_write_at_once_make_one_chain() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings_for_tests", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WRITER, str(connection.settings_dict["NAME"]), str(ORG), str(WRITERS), str(EACH)]
    subprocess.run(command, env=environment, check=True)
    seqs = list(AuditEntry.objects.filter(org_id=ORG).order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, WRITERS * EACH + 1))
    assert verify_database(ORG).problems == []
