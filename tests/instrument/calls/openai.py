import openai

CONSUMED = {"llm.input": 400, "llm.cache_read": 600, "llm.output": 30, "llm.reasoning": 20, "http.call": 1, "network.egress": None}


def connect(peers):
    return openai.OpenAI(base_url=peers.web().url + "/llm/v1", api_key="k", max_retries=0)


def call(client):
    client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])  # <- call


def fail(client):
    client.with_options(base_url=str(client.base_url).replace("/llm/v1", "/missing")).models.retrieve("x")
