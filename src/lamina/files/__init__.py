"""Files that are data: written whole or not at all, checked before anything is believed."""
