//! Several gateway processes on one Postgres, with one fake provider behind all of them.

use serde_json::Value;
use support::{
    http_client,
    postgres::TestDatabase,
    process::{Serving, run},
    said::Said,
    stage::{chat, configuration},
    upstream::Upstream,
};

/// Gateway processes on one database, with one fake provider behind all of them.
pub(crate) struct Fleet {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) database: TestDatabase,
    url: String,
    pub(crate) upstream: Upstream,
    pub(crate) gateways: Vec<Serving>,
    pub(crate) key: String,
    pub(crate) client: reqwest::Client,
}

impl Fleet {
    pub(crate) async fn start(size: usize, extra: &str) -> Fleet {
        let database = TestDatabase::migrated();
        let url = database.url();
        Fleet::start_on(database, url, size, extra).await
    }

    /// On a database that the gateways reach by this URL.
    pub(crate) async fn start_on(database: TestDatabase, url: String, size: usize, extra: &str) -> Fleet {
        let upstream = Upstream::start().await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("weir.toml"),
            configuration(&upstream.origin(), extra),
        )
        .unwrap();
        let mut fleet = Fleet {
            folder,
            database,
            url,
            upstream,
            gateways: vec![],
            key: String::new(),
            client: http_client(),
        };
        let starting = (0..size).map(|_| fleet.gateway());
        fleet.gateways = futures::future::join_all(starting).await;
        let created = fleet
            .script(&["key", "create", "--name", "fleet", "--json"])
            .await;
        fleet.key = created["key"].as_str().unwrap().to_owned();
        fleet
    }

    fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("WEIR_DATABASE", self.url.clone()),
            (
                "WEIR_SPOOL",
                self.folder.path().join("spool").display().to_string(),
            ),
            ("WEIR_LISTEN", "127.0.0.1:0".to_owned()),
            ("FAKE_KEY", "upstream-secret-1".to_owned()),
        ]
    }

    pub(crate) async fn gateway(&self) -> Serving {
        let owned = self.environment();
        let environment: Vec<_> = owned
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        Serving::start(self.folder.path(), &["--config", "weir.toml"], &environment).await
    }

    /// A command of `weir-gateway` beside the gateways, and the JSON that it prints.
    pub(crate) async fn script(&self, arguments: &[&str]) -> Value {
        let owned = self.environment();
        let environment: Vec<_> = owned
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let arguments: Vec<_> = arguments
            .iter()
            .copied()
            .chain(["--config", "weir.toml"])
            .collect();
        let output = run(self.folder.path(), &arguments, &environment).await;
        assert!(
            output.status.success(),
            "{arguments:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) async fn call(&self, name: &str, arguments: &Value) -> Value {
        self.script(&["admin", "call", name, &arguments.to_string()])
            .await
    }

    pub(crate) async fn ask(&self, gateway: usize, text: &str) -> Said {
        self.ask_with(gateway, &[], text).await
    }

    /// With headers of Weir's, named without their beginning.
    pub(crate) async fn ask_with(&self, gateway: usize, headers: &[(&str, &str)], text: &str) -> Said {
        let mut request = self
            .client
            .post(format!("{}/v1/chat/completions", self.gateways[gateway].base))
            .bearer_auth(&self.key)
            .json(&chat("fake/nano", text));
        for (name, value) in headers {
            request = request.header(format!("x-weir-{name}"), *value);
        }
        Said::read(request.send().await.unwrap()).await
    }

    /// The status alone; none when the gateway is gone, or goes before it has answered.
    pub(crate) async fn try_ask(&self, gateway: usize, text: &str) -> Option<u16> {
        let request = self
            .client
            .post(format!("{}/v1/chat/completions", self.gateways[gateway].base))
            .bearer_auth(&self.key)
            .json(&chat("fake/nano", text));
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        answer.bytes().await.ok()?;
        Some(status)
    }

    /// Sends a signal to one gateway's process.
    pub(crate) fn signal(&self, gateway: usize, signal: &str) {
        let id = self.gateways[gateway].child.id().unwrap().to_string();
        let sent = std::process::Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// A figure that the database holds.
    pub(crate) fn figure(&self, sql: &str) -> i64 {
        let text = self.database.sql(sql);
        text.parse().unwrap_or_else(|_| panic!("{sql}: {text:?}"))
    }

    pub(crate) async fn stop(&mut self) {
        for gateway in &self.gateways {
            gateway.terminate().await;
        }
        for gateway in &mut self.gateways {
            assert_eq!(gateway.ended().await, Some(0));
        }
    }
}

/// A cap on all spend of a day.
pub(crate) fn cap(limit_nanousd: i64) -> String {
    format!(
        "[[caps]]\nname = \"global-daily\"\nscope = {{ kind = \"global\" }}\nperiod = \"day\"\ntime_zone = \"UTC\"\n\
         limit_nanousd = {limit_nanousd}\naction = \"refuse\"\nalert_percent = 80\nenabled = true\n"
    )
}
