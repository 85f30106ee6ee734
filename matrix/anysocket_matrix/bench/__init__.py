"""`anysocket bench`: the costs of real servers and frameworks, side by side."""
