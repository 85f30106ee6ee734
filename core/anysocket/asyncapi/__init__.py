"""An AsyncAPI 3 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0) of an application.

Needs msgspec, which is an extra: `pip install 'anysocket[msgspec]'`.
"""

from anysocket.asyncapi.description import describe

__all__ = ["describe"]
