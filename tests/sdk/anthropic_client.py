"""The official Anthropic SDK against the gateway: python anthropic_client.py BASE KEY PROVIDER."""

import json
import sys

import anthropic

BASE, KEY, PROVIDER = sys.argv[1:4]
MODEL = f"{PROVIDER}/nano"
LONG = " ".join(f"word{number}" for number in range(60))
client = anthropic.Anthropic(base_url=BASE, api_key=KEY, max_retries=0)


def say(text):
    return [{"role": "user", "content": text}]


def raises(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def messages():
    raw = client.messages.with_raw_response.create(model=MODEL, max_tokens=50, messages=say("hello"), system="Be brief.")
    answer = raw.parse()
    assert answer.content[0].text == "Echo: hello", answer
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens == 21 and answer.usage.cache_read_input_tokens == 8, answer.usage
    assert answer.usage.output_tokens == 13, answer.usage
    again = client.messages.with_raw_response.create(model=MODEL, max_tokens=50, messages=say("hello"), system="Be brief.")
    assert again.headers["x-weir-cache"] == "response"
    assert again.parse().content[0].text == "Echo: hello"


def stream():
    for _ in ("miss", "hit"):
        with client.messages.stream(model=MODEL, max_tokens=50, messages=say(LONG)) as events:
            text = "".join(events.text_stream)
            final = events.get_final_message()
        assert text == f"Echo: {LONG}", text
        assert final.content[0].text == text and final.stop_reason == "end_turn", final
        assert final.usage.output_tokens == 13, final.usage
    kinds = [event.type for event in client.messages.create(model=MODEL, max_tokens=50, messages=say(LONG), stream=True)]
    assert kinds[0] == "message_start" and kinds[-1] == "message_stop", kinds


def tools():
    tool = {
        "name": "weather",
        "description": "The weather in a city",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
    answer = client.messages.create(model=MODEL, max_tokens=50, messages=say("How is the weather?"), tools=[tool])
    assert answer.stop_reason == "tool_use", answer
    call = answer.content[-1]
    assert call.name == "weather" and call.input == {"city": "Berlin"}, call
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    history = say("How is the weather?") + [
        {"role": "assistant", "content": answer.content},
        {"role": "user", "content": [result]},
    ]
    answer = client.messages.create(model=MODEL, max_tokens=50, messages=history, tools=[tool])
    assert answer.content[0].text == "The tool said: sunny", answer
    with client.messages.stream(model=MODEL, max_tokens=50, messages=say("Stream it."), tools=[tool]) as events:
        final = events.get_final_message()
    assert final.content[-1].input == {"city": "Berlin"} and final.stop_reason == "tool_use", final


def structured():
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
        "additionalProperties": False,
    }
    form = {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    answer = client.messages.create(model=MODEL, max_tokens=50, messages=say("A trip."), extra_body=form)
    assert json.loads(answer.content[0].text) == {"city": "Berlin", "days": 7}, answer


def models():
    names = [model.id for model in client.models.list()]
    assert "auto" in names and "fake/nano" in names, names


def errors():
    def ask(model=MODEL, messages=None, **more):
        return client.messages.create(model=model, max_tokens=5, messages=messages or say("x"), **more)

    wrong = anthropic.Anthropic(base_url=BASE, api_key="sk-weir-no-no", max_retries=0)
    error = raises(anthropic.AuthenticationError, lambda: wrong.messages.create(model=MODEL, max_tokens=5, messages=say("x")))
    assert error.body["error"]["type"] == "authentication_error", error.body
    error = raises(anthropic.BadRequestError, lambda: ask(messages=[{"role": "nobody", "content": "x"}]))
    assert error.body["error"]["type"] == "invalid_request_error" and "role" in error.message, error
    error = raises(anthropic.NotFoundError, lambda: ask(model=f"{PROVIDER}/missing"))
    assert error.body["error"]["type"] == "not_found_error", error.body
    error = raises(anthropic.RateLimitError, lambda: ask(model=f"{PROVIDER}/busy"))
    assert error.response.headers["retry-after"] == "60", error.response.headers
    limited = {"x-weir-user": "limited"}
    ask(extra_headers=limited)
    error = raises(anthropic.RateLimitError, lambda: ask(extra_headers=limited))
    assert error.body["retryAfter"] >= 1 and error.request_id, error.body
    raises(anthropic.InternalServerError, lambda: ask(model=f"{PROVIDER}/broken"))


def stream_error():
    text = ""

    def read():
        nonlocal text
        with client.messages.stream(model=f"{PROVIDER}/cut", max_tokens=50, messages=say(LONG)) as events:
            for piece in events.text_stream:
                text += piece

    error = raises(anthropic.APIError, read)
    assert "incomplete" in str(error), error
    assert text.startswith("Echo: word0"), text


for step in (messages, stream, tools, structured, models, errors, stream_error):
    step()
    print(step.__name__, "good")
print("all good")
