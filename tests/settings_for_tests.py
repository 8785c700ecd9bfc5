"""Django's settings for the test suite: a private data directory, no setting of this machine, cheap password hashes."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

for _name in [name for name in os.environ if name.startswith("LITESOC_") and not name.startswith("LITESOC_TEST_")]:
    del os.environ[_name]
_data_dir = tempfile.mkdtemp(prefix="litesoc-tests-")
atexit.register(shutil.rmtree, _data_dir, ignore_errors=True)
os.environ["LITESOC_DATA_DIR"] = _data_dir
os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # servers that tests start have the real settings, not these
if "LITESOC_TEST_DATABASE_URL" in os.environ:
    os.environ["LITESOC_DATABASE_URL"] = os.environ["LITESOC_TEST_DATABASE_URL"]

from litesoc_server.database import SQLITE_ENGINE  # noqa: E402
from litesoc_server.settings import *  # noqa: E402, F403 # these come first: the settings read the environment
from litesoc_server.settings import DATABASES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if DATABASES["default"]["ENGINE"] == SQLITE_ENGINE:
    # A file instead of shared memory: threads get connections of their own, as in production.
    # Without waiting for the disk: no test pulls the plug, and most of them commit.
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
    DATABASES["default"]["TEST"] = {"NAME": str(Path(_data_dir) / "control-test.db")}
