"""Where requests come in: middleware that finds the tenant, counts the response's bytes and notes the route.

The frameworks in `codeops.instrument.servers` are hooked without a change to the program; wrap any other application:
`app = Asgi(app)` or `app = Wsgi(app)`.
"""

from codeops.instrument.ingress.asgi import Asgi
from codeops.instrument.ingress.wsgi import Wsgi

__all__ = ["Asgi", "Wsgi"]
