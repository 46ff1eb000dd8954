"""The same work, side by side with the peers: ``python -m bench``. See ``__main__``."""
