"""What the growth of a meter is called, and what usually helps against it."""

from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase

from codeops.core import figure

__all__ = ["advice_for", "grown"]


@dataclass(frozen=True, slots=True)
class _Entry:
    """Advice on the meters that match `pattern`; `noun` is what one of them is called, empty where the unit says it."""

    pattern: str
    noun: str
    advice: str


_TABLE = (
    _Entry(
        "aws.s3.get",
        "S3 GET",
        "Fetch once instead of once per item: keep the object in a cache for as long as it may be stale, read only the bytes that are "
        "needed with a Range header, or store small objects that are read together as one.",
    ),
    _Entry(
        "aws.s3.put",
        "S3 PUT",
        "Collect small writes and store them as one object; a multipart upload is billed for each part, so raise the part size.",
    ),
    _Entry(
        "aws.s3.list",
        "S3 LIST",
        "Keep the keys where they are known (a table, a manifest object) instead of listing the bucket for each request.",
    ),
    _Entry("gcp.storage.class_[ab]", "storage operation", "Fetch or write several small objects as one, and cache what is read again."),
    _Entry(
        "aws.dynamodb.read",
        "DynamoDB read",
        "Read many items with one BatchGetItem or Query, ask for eventually consistent reads where they will do, and never Scan.",
    ),
    _Entry(
        "aws.dynamodb.write", "DynamoDB write", "Combine writes with BatchWriteItem, write only items that changed, and keep indexes few."
    ),
    _Entry(
        "gcp.firestore.*", "Firestore operation", "Read a document once and pass it on; store what is always read together as one document."
    ),
    _Entry("aws.sqs.*", "SQS request", "Send and receive up to ten messages in one request, and wait for them with long polling."),
    _Entry(
        "db.query",
        "query",
        "Ask once instead of once per row: join the tables, or collect the keys and use a single query with IN (...); in an ORM, load the "
        "relation eagerly.",
    ),
    _Entry(
        "http.call",
        "HTTP call",
        "Call once for all items if the other side has a batch endpoint, cache answers that may be, and bound the retries.",
    ),
    _Entry(
        "network.egress",
        "",
        "Send less: select the fields that the client shows instead of whole rows, compress the response, and paginate long lists.",
    ),
    _Entry("*.nat.*", "", "Reach the cloud's own services through a private endpoint instead of the NAT gateway."),
    _Entry(
        "llm.input",
        "LLM input token",
        "Shorten the prompt: send only the passages that matter, and put what repeats first so that the provider's prompt cache serves it.",
    ),
    _Entry(
        "llm.output",
        "LLM output token",
        "Bound the answer with a token limit, ask for a short structured answer, or use a smaller model for this step.",
    ),
    _Entry(
        "llm.cache_*",
        "cached LLM token",
        "Keep the cached part of the prompt byte for byte the same, and call again before the cache expires.",
    ),
    _Entry("llm.*", "LLM unit", "Cache answers to equal prompts, shorten the prompt, or use a smaller model for this step."),
    _Entry(
        "compute.cpu",
        "",
        "Profile the route: look for work that is repeated for each item, parsing or serialising more than is used, and sorting or copying "
        "that can move out of the loop.",
    ),
    _Entry("compute.memory", "", "Stream instead of loading everything, and let go of large objects before waiting for something else."),
    _Entry("gpu.*", "", "Batch requests so that one pass over the model serves several of them, or use a smaller model."),
    _Entry("aws.*", "", "Call once for all items if the service has a batch operation, and cache what does not change between requests."),
    _Entry("*", "", "See whether it can be asked for once instead of for each item, cached, or left out."),
)


def advice_for(meter: str) -> str:
    """What usually helps when usage of `meter` grew."""
    return _entry(meter).advice


def grown(meter: str, unit: str, amount: Decimal) -> str:
    """The growth as people say it.

    Example:
        >>> grown("aws.s3.get", "{request}", Decimal(5))
        '+5 S3 GETs'
        >>> grown("network.egress", "By", Decimal(1300000))
        '+1.30 MB sent'
        >>> grown("stripe.charge", "{request}", Decimal(2))
        '+2 requests of stripe.charge'
    """
    noun = _entry(meter).noun
    if noun:
        return f"{'-' if amount < 0 else '+'}{figure.count_noun(abs(amount), noun)}"
    text = figure.amount(amount, unit, signed=True)
    if meter == "compute.cpu":
        return text
    return f"{text} sent" if meter == "network.egress" else f"{text} of {meter}"


def _entry(meter: str) -> _Entry:
    return next(entry for entry in _TABLE if fnmatchcase(meter, entry.pattern))
