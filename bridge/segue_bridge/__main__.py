"""`python -m segue_bridge` is `segue`."""

from segue_bridge.cli import main

if __name__ == "__main__":
    main(prog_name="segue")
