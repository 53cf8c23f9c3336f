"""The entry: `python -m desktop`."""

import sys

from desktop.application import main

if __name__ == "__main__":
    sys.exit(main())
