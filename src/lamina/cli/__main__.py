"""``python -m lamina.cli``: the same as ``lamina``."""

from . import main

main()
