"""The tests. They are a package because Bocadillo installs another package of this name."""
