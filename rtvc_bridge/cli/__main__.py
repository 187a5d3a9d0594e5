"""python -m rtvc_bridge.cli: the same as the rtvc-bridge command."""

from rtvc_bridge.cli.app import main

main()
