"""The cases: a file for each part of the contract, each case with its handler and its peer side by side."""
