"""`anysocket bench`: what servers and frameworks cost, real ones, side by side."""
