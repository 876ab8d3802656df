"""What a tally holds of AWS, as its tests compare it."""

BYTES = ("aws.s3.upload", "aws.s3.download")


def lines(tally):
    """What was consumed besides the bytes of S3."""
    return {
        (meter, *(f"{name}={value}" for name, value in labels)): amount
        for (meter, _, labels), amount in tally.lines.items()
        if meter not in BYTES
    }


def s3_bytes(tally) -> tuple[int, int]:
    """Up and down."""
    return tuple(tally.lines.get((meter, "By", ()), 0) for meter in BYTES)
