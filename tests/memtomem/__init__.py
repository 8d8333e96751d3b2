"""A package, so that it is found before a memtomem that is installed beside the tests."""
