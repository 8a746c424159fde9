"""`python -m interplay` is the command `interplay`, where no environment is activated or a launcher starts modules."""

from interplay.cli import main

if __name__ == "__main__":
    main()
