"""`python -m seqtwin`."""

from seqtwin.cli import main

main()
