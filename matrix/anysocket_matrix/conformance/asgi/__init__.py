"""Cases for applications of other frameworks: the promises of ASGI, on every server."""
