//! A real gateway in this process, on a database of its own, with the fake provider behind it.

use crate::{eventually, http_client, said::Said, upstream::Upstream};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::{fmt::Write, sync::Arc};
use tempfile::TempDir;
use weir_contract::{
    ApiError, Command,
    command::{
        keys::{CreatedKey, KeysCreate},
        requests::{RequestsGet, RequestsList},
    },
    model::{
        gateway::ProfileKind,
        request::{RequestDetail, RequestFilter, RequestRow},
    },
};
use weir_gateway::{
    bootstrap::{StartOptions, start_gateway},
    config::{Config, Environment, FileConfig},
    running::RunningGateway,
};

/// What the fake provider's key is called in the environment, and what it is.
pub const PROVIDER_KEY: (&str, &str) = ("FAKE_KEY", "upstream-secret-1");

/// A running gateway and everything around it.
pub struct Stage {
    pub upstream: Upstream,
    pub gateway: RunningGateway,
    /// `http://127.0.0.1:PORT`.
    pub base: String,
    /// A key of no team.
    pub key: CreatedKey,
    pub client: reqwest::Client,
    pub folder: TempDir,
}

/// The configuration of the tests, with `extra` sections at its end.
///
/// Three providers, one per protocol, at the same fake: `fake`, `claude`, `gem`. The ladder is `fake/nano`, `fake/mini`,
/// `fake/standard`, `fake/large`. A token of `nano` costs 1,000 nano-dollars of input, 500 read, 2,000 written, 4,000 of
/// output and 6,000 of reasoning; each rung above costs twice the one below; `claude` and `gem` cost as `nano` does.
#[must_use]
pub fn configuration(origin: &str, extra: &str) -> String {
    let mut text = format!(
        "default_provider = \"fake\"\nembedding_model = \"fake/embed\"\n\
         [providers.fake]\nprotocol = \"openai\"\nbase_url = \"{origin}/v1\"\nkey_env = \"FAKE_KEY\"\n\
         [providers.claude]\nprotocol = \"anthropic\"\nbase_url = \"{origin}/v1\"\nkey_env = \"FAKE_KEY\"\n\
         [providers.gem]\nprotocol = \"gemini\"\nbase_url = \"{origin}/v1beta\"\nkey_env = \"FAKE_KEY\"\n"
    );
    if !extra.contains("[tiers]") {
        text.push_str("[tiers]\nT0 = [\"fake/nano\"]\nT1 = [\"fake/mini\"]\nT2 = [\"fake/standard\"]\nT3 = [\"fake/large\"]\n");
    }
    if !extra.contains("[timeouts]") {
        text.push_str("[timeouts]\nfirst_byte_seconds = 10\nidle_seconds = 10\nread_on_seconds = 10\n");
    }
    let prices = [
        ("fake", "nano", 1),
        ("fake", "mini", 2),
        ("fake", "standard", 4),
        ("fake", "large", 8),
        ("claude", "*", 1),
        ("gem", "*", 1),
    ];
    for (provider, model, times) in prices {
        let _ = write!(
            text,
            "[[prices]]\nprovider = \"{provider}\"\nmodel = \"{model}\"\ninput = \"{times}\"\ncache_read = \"{}\"\n\
             cache_write = \"{}\"\noutput = \"{}\"\nreasoning = \"{}\"\n",
            f64::from(times) / 2.0,
            2 * times,
            4 * times,
            6 * times
        );
    }
    let _ = write!(
        text,
        "[[prices]]\nprovider = \"fake\"\nmodel = \"embed\"\ninput = \"0.02\"\noutput = \"0\"\n{extra}"
    );
    text
}

/// How a gateway of the tests is started over a file's content.
#[must_use]
pub fn options(text: &str, database_url: &str) -> StartOptions {
    let pairs = [
        PROVIDER_KEY,
        ("WEIR_LISTEN", "127.0.0.1:0"),
        ("WEIR_DATABASE", database_url),
    ];
    let environment = Environment::from_pairs(
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let file = FileConfig::parse(text).unwrap_or_else(|problem| panic!("{problem}\n{text}"));
    StartOptions {
        config: Config::combine(file, &environment).expect("the tests' configuration is complete"),
        profile: ProfileKind::Local,
        secrets: Arc::new(environment),
        next_free_port: false,
        secret_store: "environment".to_owned(),
        actor: weir_gateway::actor::actor_of("test", "local"),
        desktop: None,
    }
}

impl Stage {
    /// With the usual configuration.
    pub async fn open() -> Stage {
        Stage::open_with("").await
    }

    /// With more sections, such as `[[caps]]`.
    pub async fn open_with(extra: &str) -> Stage {
        let upstream = Upstream::start().await;
        let folder = tempfile::tempdir().expect("a folder for the database");
        let text = configuration(&upstream.origin(), extra);
        let url = format!("sqlite://{}", folder.path().join("weir.db").display());
        let gateway = start_gateway(options(&text, &url))
            .await
            .unwrap_or_else(|problem| panic!("{problem}"));
        let base = gateway.status().address;
        let key = admin(
            &gateway,
            KeysCreate {
                name: "test".into(),
                team: String::new(),
                ..KeysCreate::default()
            },
        )
        .await
        .expect("a key");
        Stage {
            upstream,
            gateway,
            base,
            key,
            client: http_client(),
            folder,
        }
    }

    /// Runs an operation of the dashboard by its name, as the window does.
    pub async fn admin<C: Command>(&self, command: C) -> C::Reply {
        admin(&self.gateway, command)
            .await
            .unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// A further key.
    pub async fn new_key(&self, team: &str) -> CreatedKey {
        self.admin(KeysCreate {
            name: format!("of {team}"),
            team: team.to_owned(),
            ..KeysCreate::default()
        })
        .await
    }

    /// A call with the stage's key, to be completed and sent.
    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.post_as(&self.key.secret, path, body)
    }

    /// The same with another key.
    pub fn post_as(&self, key: &str, path: &str, body: &Value) -> RequestBuilder {
        self.client
            .post(format!("{}{path}", self.base))
            .bearer_auth(key)
            .json(body)
    }

    /// Sends and reads to the end.
    pub async fn send(&self, request: RequestBuilder) -> Said {
        Said::read(request.send().await.expect("the gateway answers")).await
    }

    /// A chat completion of this text by this model.
    pub async fn ask(&self, model: &str, text: &str) -> Said {
        self.send(self.post("/v1/chat/completions", &chat(model, text)))
            .await
    }

    /// The same as a stream, read to its end.
    pub async fn ask_stream(&self, model: &str, text: &str) -> Said {
        self.send(self.post(
            "/v1/chat/completions",
            &with(chat(model, text), json!({"stream": true})),
        ))
        .await
    }

    /// A chat completion with headers.
    pub async fn ask_with(&self, headers: &[(&str, &str)], model: &str, text: &str) -> Said {
        let request = self.post("/v1/chat/completions", &chat(model, text));
        self.send(
            headers
                .iter()
                .fold(request, |request, (name, value)| request.header(*name, *value)),
        )
        .await
    }

    /// A free endpoint.
    pub async fn get(&self, path: &str) -> Said {
        self.send(
            self.client
                .get(format!("{}{path}", self.base))
                .bearer_auth(&self.key.secret),
        )
        .await
    }

    /// Everything kept about the request behind an answer.
    pub async fn detail(&self, said: &Said) -> RequestDetail {
        self.admin(RequestsGet {
            id: said.request_id().to_owned(),
        })
        .await
    }

    /// All recorded requests, newest first.
    pub async fn rows(&self) -> Vec<RequestRow> {
        self.admin(RequestsList {
            filter: RequestFilter::default(),
            cursor: None,
            limit: 200,
        })
        .await
        .rows
    }

    /// Waits for a recorded request that fits.
    pub async fn row_where(&self, what: &str, fits: impl Fn(&RequestRow) -> bool) -> RequestRow {
        eventually(what, || async {
            self.rows().await.into_iter().find(|row| fits(row))
        })
        .await
    }
}

/// Runs an operation by its name.
///
/// # Errors
/// The operation's own.
pub async fn admin<C: Command>(gateway: &RunningGateway, command: C) -> Result<C::Reply, ApiError> {
    let arguments = serde_json::to_value(command).expect("arguments are plain data");
    let reply = weir_admin::call(gateway.admin(), C::NAME, arguments).await?;
    Ok(serde_json::from_value(reply).expect("a reply reads as what it was written from"))
}

/// A chat completions body.
#[must_use]
pub fn chat(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 50})
}

/// A messages body.
#[must_use]
pub fn message(model: &str, text: &str) -> Value {
    chat(model, text)
}

/// A body with more fields.
#[must_use]
pub fn with(mut body: Value, more: Value) -> Value {
    for (name, value) in more.as_object().expect("fields") {
        body[name] = value.clone();
    }
    body
}
