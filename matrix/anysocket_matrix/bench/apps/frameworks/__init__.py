"""The app with other frameworks; install only those that you compare."""
