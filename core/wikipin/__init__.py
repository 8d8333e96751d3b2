"""Install agent skills from a git wiki into a project: the exact bytes of one commit, pinned in a lockfile."""

from wikipin.catalogue import Offers, list_skills
from wikipin.errors import WikipinError
from wikipin.exposure import Exposure, parse_exposure
from wikipin.init import create_wiki
from wikipin.install import Installed, install
from wikipin.location import locate_project
from wikipin.project import Project
from wikipin.state import State
from wikipin.wiki import Wiki, default_wiki_path

__version__ = "0.1.0"

__all__ = [
    "Exposure",
    "Installed",
    "Offers",
    "Project",
    "State",
    "Wiki",
    "WikipinError",
    "__version__",
    "create_wiki",
    "default_wiki_path",
    "install",
    "list_skills",
    "locate_project",
    "parse_exposure",
]
