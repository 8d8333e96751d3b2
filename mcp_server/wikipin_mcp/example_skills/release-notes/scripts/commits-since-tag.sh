#!/bin/sh
# Prints the subject of every commit since the last tag, or of all commits where there is no tag.
set -eu
tag=$(git describe --tags --abbrev=0 2>/dev/null || true)
git log --no-merges --format='%h %s' ${tag:+"$tag..HEAD"}
