"""The tests: a package, or the one of this name that Bocadillo installs would hide them."""
