"""The program orchestrator-plugin-parrot."""

from components import PLUGIN
from serving import main

if __name__ == "__main__":
    main(PLUGIN)
