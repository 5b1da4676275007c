"""The official OpenAI SDK against the gateway: python openai_client.py BASE KEY PROVIDER."""

import json
import sys

import openai
from pydantic import BaseModel

BASE, KEY, PROVIDER = sys.argv[1:4]
MODEL = f"{PROVIDER}/nano"
LONG = " ".join(f"word{number}" for number in range(60))
client = openai.OpenAI(base_url=f"{BASE}/v1", api_key=KEY, max_retries=0)


def say(text):
    return [{"role": "user", "content": text}]


def raises(kind, call):
    try:
        call()
    except kind as error:
        assert type(error) is kind, f"{type(error)} is not exactly {kind}"
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def chat():
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=say("hello"), max_tokens=50)
    answer = raw.parse()
    assert answer.choices[0].message.content == "Echo: hello", answer
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.prompt_tokens == 29 and answer.usage.completion_tokens == 13, answer.usage
    assert raw.headers["x-weir-cache"] == "miss"
    again = client.chat.completions.with_raw_response.create(model=MODEL, messages=say("hello"), max_tokens=50)
    assert again.headers["x-weir-cache"] == "response"
    assert again.parse().choices[0].message.content == "Echo: hello"


def stream():
    for expected in ("miss", "response"):
        with client.chat.completions.with_streaming_response.create(
            model=MODEL, messages=say(LONG), stream=True, stream_options={"include_usage": True}, max_tokens=50
        ) as raw:
            assert raw.headers["x-weir-cache"] == expected, raw.headers
        chunks = list(
            client.chat.completions.create(
                model=MODEL, messages=say(LONG), stream=True, stream_options={"include_usage": True}, max_tokens=50
            )
        )
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == f"Echo: {LONG}", text
        usage = [chunk.usage for chunk in chunks if chunk.usage]
        assert len(usage) == 1 and usage[0].total_tokens == 42, usage
        if expected == "miss":
            continue
        assert len({chunk.id for chunk in chunks}) == 1, "one id for all chunks"


def tools():
    tool = {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
    messages = say("How is the weather?")
    message = client.chat.completions.create(model=MODEL, messages=messages, tools=[tool]).choices[0].message
    call = message.tool_calls[0]
    assert call.function.name == "weather" and json.loads(call.function.arguments) == {"city": "Berlin"}, call
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=[tool])
    assert answer.choices[0].message.content == "The tool said: sunny", answer
    arguments, names = "", []
    for chunk in client.chat.completions.create(model=MODEL, messages=say("Stream it."), tools=[tool], stream=True):
        for part in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
            arguments += part.function.arguments or ""
            names += [part.function.name] if part.function.name else []
    assert names == ["weather"] and json.loads(arguments) == {"city": "Berlin"}, (names, arguments)


class Trip(BaseModel):
    city: str
    days: int


def structured():
    answer = client.chat.completions.parse(model=MODEL, messages=say("A trip."), response_format=Trip)
    assert answer.choices[0].message.parsed == Trip(city="Berlin", days=7), answer


def embeddings():
    if PROVIDER == "claude":
        error = raises(openai.BadRequestError, lambda: client.embeddings.create(model=MODEL, input="a"))
        assert "embeddings" in error.message
        return
    # The SDK asks for base64 by itself and unpacks it.
    answer = client.embeddings.create(model=f"{PROVIDER}/embed", input=["a", "b"])
    assert [item.embedding for item in answer.data] == [[0.5, 0.25, 0.0], [0.5, 0.25, 1.0]], answer
    assert answer.usage.prompt_tokens == 21


def models():
    names = [model.id for model in client.models.list()]
    assert "auto" in names and "fake/nano" in names, names


def errors():
    def ask(model=MODEL, messages=None, **more):
        return client.chat.completions.create(model=model, messages=messages or say("x"), max_tokens=5, **more)

    wrong = openai.OpenAI(base_url=f"{BASE}/v1", api_key="sk-weir-no-no", max_retries=0)
    error = raises(openai.AuthenticationError, lambda: wrong.chat.completions.create(model=MODEL, messages=say("x")))
    assert error.code == "invalid_api_key" and "weir-gateway key create" in error.message, error
    raises(openai.AuthenticationError, lambda: wrong.models.list())
    error = raises(openai.BadRequestError, lambda: ask(messages=[{"role": "nobody", "content": "x"}]))
    assert "role" in error.message, error
    raises(openai.NotFoundError, lambda: ask(model=f"{PROVIDER}/missing"))
    raises(openai.NotFoundError, lambda: client.models.retrieve("no-such-model"))
    error = raises(openai.RateLimitError, lambda: ask(model=f"{PROVIDER}/busy"))
    assert error.response.headers["retry-after"] == "60", error.response.headers
    limited = {"x-weir-user": "limited"}
    ask(extra_headers=limited)
    error = raises(openai.RateLimitError, lambda: ask(extra_headers=limited))
    assert error.code == "rate_limit_exceeded" and error.body["retryAfter"] >= 1, error.body
    assert error.request_id, "the SDK shows the request's id"
    raises(openai.InternalServerError, lambda: ask(model=f"{PROVIDER}/broken"))


def stream_error():
    text = ""

    def read():
        nonlocal text
        for chunk in client.chat.completions.create(model=f"{PROVIDER}/cut", messages=say(LONG), stream=True):
            if chunk.choices:
                text += chunk.choices[0].delta.content or ""

    error = raises(openai.APIError, read)
    assert "incomplete" in error.message, error
    assert text.startswith("Echo: word0"), text


for step in (chat, stream, tools, structured, embeddings, models, errors, stream_error):
    step()
    print(step.__name__, "good")
print("all good")
