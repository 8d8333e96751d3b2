"""Install agent skills from a git wiki into a project: the exact bytes of one commit, pinned in a lockfile."""

from wikipin.adopt import adopt
from wikipin.catalogue import Offers, list_skills
from wikipin.errors import WikipinError
from wikipin.exposure import Exposure, parse_exposure
from wikipin.init import create_wiki
from wikipin.install import Installed, install
from wikipin.location import open_project
from wikipin.plan import Consent
from wikipin.project import Project
from wikipin.remove import Removed, remove
from wikipin.restore import Restored, restore
from wikipin.show import Shown, show
from wikipin.state import State
from wikipin.status import Statuses, read_status
from wikipin.update import Updated, Wish, update, update_all
from wikipin.wiki import Wiki, default_wiki_path

__version__ = "0.1.0"

__all__ = [
    "Consent",
    "Exposure",
    "Installed",
    "Offers",
    "Project",
    "Removed",
    "Restored",
    "Shown",
    "State",
    "Statuses",
    "Updated",
    "Wiki",
    "WikipinError",
    "Wish",
    "__version__",
    "adopt",
    "create_wiki",
    "default_wiki_path",
    "install",
    "list_skills",
    "open_project",
    "parse_exposure",
    "read_status",
    "remove",
    "restore",
    "show",
    "update",
    "update_all",
]
