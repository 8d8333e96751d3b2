"""Deleting a directory with all that is in it, however deep, and nothing of what a link or a mount leads to."""

import os
import secrets
import stat

from wikipin.disk.file_type import FileType
from wikipin.disk.folder import Folder


def delete_tree(folder: Folder, name: str) -> None:
    """Delete what stands at `name`, if it is there, a directory with all that is in it.

    No link is followed. Of what is mounted in it nothing is deleted: there it ends, with an OSError.
    """
    if folder.what(name) is not FileType.DIRECTORY:
        folder.discard(name)
        return
    with folder.child(name) as top:
        _unprotect(top)
        directories = _bring_up(top, top)
        while directories:
            directory = directories.pop()
            with top.child(directory) as child:
                _unprotect(child)
                directories += _bring_up(child, top)
            os.rmdir(directory, dir_fd=top.descriptor)
    os.rmdir(name, dir_fd=folder.descriptor)


def _bring_up(folder: Folder, top: Folder) -> list[str]:
    """Remove what is no directory, and move the directories to `top`; return what they are called there.

    They may be nested deeper than we could call. A directory on which something is mounted cannot be moved.
    """
    directories: list[str] = []
    for name in folder.names():
        if folder.what(name) is FileType.DIRECTORY:
            directories.append(secrets.token_hex(8))
            folder.place(name, top, directories[-1])
        else:
            folder.discard(name)
    return directories


def _unprotect(folder: Folder) -> None:
    mode = os.fstat(folder.descriptor).st_mode
    if mode & stat.S_IRWXU != stat.S_IRWXU:  # somebody protected it against just this
        os.fchmod(folder.descriptor, stat.S_IMODE(mode) | stat.S_IRWXU)
