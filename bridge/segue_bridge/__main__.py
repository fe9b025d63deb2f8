"""`python -m segue_bridge` is `segue`."""

from segue_bridge.start import main

if __name__ == "__main__":
    main()
