"""Install agent skills from a git wiki into a project: the exact bytes of one commit, pinned in a lockfile."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wikipin.asset import Asset
    from wikipin.errors import WikipinError
    from wikipin.plan.change import Consent
    from wikipin.plan.exposure import Exposure, parse_exposure
    from wikipin.plan.state import State
    from wikipin.project.location import open_project
    from wikipin.project.project import Project
    from wikipin.verbs.adopt import adopt, adopt_all
    from wikipin.verbs.catalogue import Offers, list_skills
    from wikipin.verbs.install import Installed, install, install_all
    from wikipin.verbs.outcomes import Outcomes
    from wikipin.verbs.remove import Removed, remove, remove_all
    from wikipin.verbs.restore import restore
    from wikipin.verbs.show import Shown, show
    from wikipin.verbs.status import Statuses, read_status
    from wikipin.verbs.update import Updated, update, update_all
    from wikipin.wiki.create import create_wiki
    from wikipin.wiki.location import default_wiki_path
    from wikipin.wiki.wiki import Wiki

__version__ = "0.1.0"

_MODULES = {
    "wikipin.asset": "Asset",
    "wikipin.errors": "WikipinError",
    "wikipin.plan.change": "Consent",
    "wikipin.plan.exposure": "Exposure parse_exposure",
    "wikipin.plan.state": "State",
    "wikipin.project.location": "open_project",
    "wikipin.project.project": "Project",
    "wikipin.verbs.adopt": "adopt adopt_all",
    "wikipin.verbs.catalogue": "Offers list_skills",
    "wikipin.verbs.install": "Installed install install_all",
    "wikipin.verbs.outcomes": "Outcomes",
    "wikipin.verbs.remove": "Removed remove remove_all",
    "wikipin.verbs.restore": "restore",
    "wikipin.verbs.show": "Shown show",
    "wikipin.verbs.status": "Statuses read_status",
    "wikipin.verbs.update": "Updated update update_all",
    "wikipin.wiki.create": "create_wiki",
    "wikipin.wiki.location": "default_wiki_path",
    "wikipin.wiki.wiki": "Wiki",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the module has
    """Import a public name when it is first used (PEP 562): a command needs few of them, and all take long."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'wikipin' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
    return value


__all__ = [
    "Asset",
    "Consent",
    "Exposure",
    "Installed",
    "Offers",
    "Outcomes",
    "Project",
    "Removed",
    "Shown",
    "State",
    "Statuses",
    "Updated",
    "Wiki",
    "WikipinError",
    "__version__",
    "adopt",
    "adopt_all",
    "create_wiki",
    "default_wiki_path",
    "install",
    "install_all",
    "list_skills",
    "open_project",
    "parse_exposure",
    "read_status",
    "remove",
    "remove_all",
    "restore",
    "show",
    "update",
    "update_all",
]
