"""The synthesis process. Started by Worker, not by people."""

import os
import sys

if __name__ == "__main__":
    # The pipes move to other descriptors, and 0 and 1 are pointed elsewhere, before any
    # pipeline is imported, so that no stray print or input() can disturb the messages.
    inlet, outlet = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    os.dup2(2, 1)

    from rtvc_bridge.worker.child import serve

    sys.exit(serve(inlet, outlet, *sys.argv[1:]))
