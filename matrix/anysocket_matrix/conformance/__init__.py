"""The cases: one file for each part of the contract, with each case beside its handler."""
