"""Variables that Azure sets in Container Apps, Functions and App Service."""

import re
from collections.abc import Iterator

from codeops.instrument.place import region
from codeops.instrument.place.clue import Clue, Surroundings

__all__ = ["PRECEDENCE", "clues"]

PRECEDENCE = 50

_DOMAIN = re.compile(r"(?:^|\.)([a-z]+\d?)\.azurecontainerapps\.[a-z]+$")
_PLANS = {"Dynamic": "consumption", "FlexConsumption": "flex"}


def clues(around: Surroundings) -> Iterator[Clue]:
    """The labels that these variables say.

    Source: https://learn.microsoft.com/azure/container-apps/environment-variables (built-in variables),
    https://learn.microsoft.com/azure/app-service/reference-app-settings (`REGION_NAME`, `WEBSITE_SITE_NAME`),
    https://learn.microsoft.com/azure/azure-functions/functions-app-settings.
    """
    environ = around.environ
    for variable in ("CONTAINER_APP_NAME", "CONTAINER_APP_JOB_NAME"):
        if app := environ.get(variable, ""):
            yield Clue("provider", "azure", variable)
            yield Clue("platform", "container-apps", variable)
            yield Clue("service", app, variable)
            if match := _DOMAIN.search(environ.get("CONTAINER_APP_ENV_DNS_SUFFIX", "")):
                yield Clue("region", match[1], "CONTAINER_APP_ENV_DNS_SUFFIX")
            return
    site = environ.get("WEBSITE_SITE_NAME", "")
    if not site:
        return
    is_function = "FUNCTIONS_WORKER_RUNTIME" in environ
    yield Clue("provider", "azure", "WEBSITE_SITE_NAME")
    yield Clue(
        "platform", "functions" if is_function else "app-service", "FUNCTIONS_WORKER_RUNTIME" if is_function else "WEBSITE_SITE_NAME"
    )
    yield Clue("service", site, "WEBSITE_SITE_NAME")
    if name := environ.get("REGION_NAME", ""):
        yield Clue("region", region.normal(name), "REGION_NAME")
    if is_function and (plan := _PLANS.get(environ.get("WEBSITE_SKU", ""))):
        yield Clue("plan", plan, "WEBSITE_SKU")
