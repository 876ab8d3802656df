"""Variables that AWS sets in Lambda and ECS, and the region that its SDKs call."""

from collections.abc import Iterator

from codeops.instrument.place.clue import Clue, Surroundings

__all__ = ["PRECEDENCE", "clues"]

PRECEDENCE = 50

_PLATFORMS = {
    "AWS_ECS_EC2": "ec2",
    "AWS_ECS_FARGATE": "fargate",
    "AWS_ECS_MANAGED_INSTANCES": "ecs-managed-instances",
}
"""`AWS_EXECUTION_ENV` to the label `platform`; managed instances are EC2 with a fee on top, so they have their own name."""


def clues(around: Surroundings) -> Iterator[Clue]:
    """The labels that these variables say; the region only as long as nothing says that this is another cloud.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html (`AWS_EXECUTION_ENV` is not set by
    images and OS-only runtimes), https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html.
    """
    environ = around.environ
    execution, function = environ.get("AWS_EXECUTION_ENV", ""), environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    if function:
        yield Clue("provider", "aws", "AWS_LAMBDA_FUNCTION_NAME")
        yield Clue("platform", "lambda", "AWS_LAMBDA_FUNCTION_NAME")
        yield Clue("service", function, "AWS_LAMBDA_FUNCTION_NAME")
    elif execution.startswith("AWS_Lambda_"):
        yield Clue("provider", "aws", "AWS_EXECUTION_ENV")
        yield Clue("platform", "lambda", "AWS_EXECUTION_ENV")
    elif execution in _PLATFORMS:
        yield Clue("provider", "aws", "AWS_EXECUTION_ENV")
        yield Clue("platform", _PLATFORMS[execution], "AWS_EXECUTION_ENV")
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if region := environ.get(variable, ""):
            yield Clue("region", region, variable, provider="aws")
            break
