"""The same with other frameworks, each installed only by who compares with it."""
