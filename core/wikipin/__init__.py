"""Install agent skills from a git wiki into a project: the exact bytes of one commit, pinned in a lockfile."""

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
from wikipin.wiki.wiki import Wiki, default_wiki_path

__version__ = "0.1.0"

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
