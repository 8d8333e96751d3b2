"""Whether the wiki's work tree has a skill otherwise than a commit, for a warning alone.

No more is read of it than the commit has: somebody may have put anything there.
"""

from wikipin.checkpoint import checkpoint
from wikipin.disk.file_type import FileType
from wikipin.disk.folder import Folder
from wikipin.tree import NEVER_CONTENT, File, Tree


def is_as_committed(folder: Folder, tree: Tree) -> bool:
    """Tell whether the files in `folder`, and below it, are those of `tree`. What is no file is passed over."""
    missing: dict[str, File] = {file.path: file for file in tree.files}
    return _has_only(folder, "", missing) and not missing


def _has_only(folder: Folder, prefix: str, missing: dict[str, File]) -> bool:
    """Tell whether `folder` has nothing but files that are `missing`, and take those out; stop at the first other."""
    for name in folder.names():
        checkpoint()
        if name in NEVER_CONTENT:
            continue
        match folder.what(name):
            case FileType.FILE:
                file = missing.pop(prefix + name, None)
                if file is None or folder.mark(name, limit=len(file.content))[0] != file.mark:
                    return False
            case FileType.DIRECTORY if name != ".git" and prefix.count("/") < _DEEPEST:
                with folder.child(name) as child:
                    if not _has_only(child, f"{prefix}{name}/", missing):
                        return False
            case _:
                pass
    return True


_DEEPEST = 64
"""Directories, of which each is held open while the next is looked at."""
