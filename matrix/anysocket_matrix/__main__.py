"""`python -m anysocket_matrix` is the `anysocket` command."""

from anysocket_matrix.cli import main

if __name__ == "__main__":
    main()
