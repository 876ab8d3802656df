"""What a reader must know beside the figures: each caveat once, with everything that it holds for."""

from codeops.core.cost import Caveat
from codeops.core.report import Report

__all__ = ["told"]


def told(report: Report) -> list[tuple[str, Caveat]]:
    """Each caveat once, with the routes it is about, empty where it holds for the whole report.

    What is said of several meters or of several routes in the same words is said once, of all of them.
    """
    names = {route.name for route in report.routes}
    own = [(caveat, caveat.about if caveat.about in names else "") for caveat in report.caveats]
    all_of_them = own + [(one, route.name) for route in report.routes for one in route.caveats if one not in report.caveats]
    groups: dict[tuple[str, str], tuple[dict[str, None], dict[str, None]]] = {}
    for caveat, route in all_of_them:
        shared = caveat.text.removeprefix(caveat.about) if caveat.text.startswith(f"{caveat.about}:") else caveat.text
        meters, routes = groups.setdefault((caveat.kind, shared), ({}, {}))
        meters[caveat.about] = None
        routes[route] = None
    return [
        (
            "" if len(routes) > 1 and routes.keys() == names else ", ".join(routes),
            Caveat(kind, ", ".join(meters), f"{', '.join(meters)}{shared}" if shared.startswith(":") else shared),
        )
        for (kind, shared), (meters, routes) in groups.items()
    ]
