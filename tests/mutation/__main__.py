"""`make mutate`: changes entitlements' rules in every small way there is, and says which changes no test notices.

mutmut does it, on copies under `.usher/mutants`. The judges are the tests of the rules alone: stories and properties,
without a server.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from tests.mutation.properties import spell_out

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "services" / "entitlements"
PLACE = ROOT / ".usher" / "mutants"
KEPT = PLACE / "mutants"
"""What mutmut knows from earlier runs: it goes on from there, and tries again what has changed."""

SETTINGS = """
[tool.mutmut]
source_paths = ["src"]
also_copy = ["conftest.py"]
pytest_add_cli_args_test_selection = ["tests/domain"]
pytest_add_cli_args = ["-p", "no:cacheprovider"]

[tool.pytest.ini_options]
addopts = ["--import-mode=importlib"]
filterwarnings = ["error"]
"""
# The same examples for every mutant, fewer than usual, and as long as they take.
PROFILE = '''"""Hypothesis as a judge of mutants."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "mutants", derandomize=True, database=None, deadline=None, max_examples=25, suppress_health_check=list(HealthCheck)
)
settings.load_profile("mutants")
'''


def main() -> int:
    names = sys.argv[1:]
    lay_out()
    environment = os.environ | {"USHER_DOMAIN_EXAMPLES": "15", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    program = [sys.executable, "-m", "mutmut"]
    if subprocess.run([*program, "run", *names], cwd=PLACE, env=environment, check=False).returncode:
        return 1
    subprocess.run([*program, "results"], cwd=PLACE, check=True)
    subprocess.run([*program, "export-cicd-stats"], cwd=PLACE, check=True, stdout=subprocess.DEVNULL)
    figures = json.loads((KEPT / "mutmut-cicd-stats.json").read_text())
    caught = figures["killed"] + figures["timeout"]
    tried = caught + figures["survived"] + figures["no_tests"] + figures["suspicious"]
    say = Console(highlight=False, soft_wrap=True).print
    say(f"{caught} of {tried} mutants are noticed: {caught / max(1, tried):.1%}")
    say(f"To see one: cd {PLACE.relative_to(ROOT)} && {sys.executable} -m mutmut show NAME")
    return 0


def lay_out() -> None:
    """Copy the rules, with their properties spelled out as methods, and their tests."""
    for folder in ("src", "tests"):
        shutil.rmtree(PLACE / folder, ignore_errors=True)
    shutil.copytree(SERVICE / "tests" / "domain", PLACE / "tests" / "domain")
    package = PLACE / "src" / "usher_entitlements"
    shutil.copytree(SERVICE / "src" / "usher_entitlements" / "domain", package / "domain")
    (package / "__init__.py").touch()
    for module in (package / "domain").glob("*.py"):
        module.write_text(spell_out(module.read_text()))
    # Which tests judge which function is found out anew: it changes with either.
    (KEPT / "mutmut-stats.json").unlink(missing_ok=True)
    (PLACE / "pyproject.toml").write_text(SETTINGS)
    (PLACE / "conftest.py").write_text(PROFILE)


if __name__ == "__main__":
    sys.exit(main())
