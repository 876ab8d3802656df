"""Variables that Google sets in Cloud Run, its functions and App Engine; none of them tells the region."""

from collections.abc import Iterator

from codeops.instrument.place.clue import Clue, Surroundings

__all__ = ["PRECEDENCE", "clues"]

PRECEDENCE = 50


def clues(around: Surroundings) -> Iterator[Clue]:
    """The labels that these variables say.

    Knative sets `K_SERVICE` on every cluster, so in a pod it says nothing. Functions of the first generation have no
    `K_CONFIGURATION`; those of the second run on Cloud Run, and are billed as it. Jobs are billed by instance.

    Source: https://cloud.google.com/run/docs/container-contract, https://cloud.google.com/run/docs/create-jobs,
    https://cloud.google.com/functions/docs/configuring/env-var, https://cloud.google.com/run/pricing.
    """
    environ = around.environ
    if "KUBERNETES_SERVICE_HOST" in environ:
        return
    platform, origin = "", ""
    if "CLOUD_RUN_JOB" in environ:
        platform, origin = "cloud-run", "CLOUD_RUN_JOB"
        yield Clue("billing", "instance", origin)
    elif "CLOUD_RUN_WORKER_POOL" in environ:
        platform, origin = "cloud-run-worker-pool", "CLOUD_RUN_WORKER_POOL"
    elif "GAE_ENV" in environ:
        platform, origin = "app-engine", "GAE_ENV"
    elif "FUNCTION_TARGET" in environ and "K_SERVICE" in environ and "K_CONFIGURATION" not in environ:
        platform, origin = "cloud-functions", "FUNCTION_TARGET"
    elif "K_SERVICE" in environ:
        platform, origin = "cloud-run", "K_SERVICE"
    if platform:
        yield Clue("provider", "gcp", origin)
        yield Clue("platform", platform, origin)
    for variable in ("K_SERVICE", "CLOUD_RUN_JOB", "CLOUD_RUN_WORKER_POOL", "GAE_SERVICE"):
        if service := environ.get(variable, ""):
            yield Clue("service", service, variable)
            break
