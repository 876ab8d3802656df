import anthropic

CONSUMED = {
    "llm.input": 300,
    "llm.cache_read": 600,
    "llm.cache_write": 100,
    "llm.output": 30,
    "llm.reasoning": 20,
    "http.call": 1,
    "network.egress": None,
}


def connect(peers):
    return anthropic.Anthropic(base_url=peers.web().url + "/llm", api_key="k", max_retries=0)


def call(client):
    client.messages.create(model="claude-test", max_tokens=9, messages=[{"role": "user", "content": "hi"}])  # <- call


def fail(client):
    client.with_options(base_url=str(client.base_url).replace("/llm", "/missing")).models.retrieve("x")
