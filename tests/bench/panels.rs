//! Everything that a window asks of a database when it shows a page, and how long that takes.

use serde_json::{Value, json};
use std::{sync::Arc, time::Instant};
use weir_admin::{Admin, Occasion, Offline};
use weir_contract::{
    Command,
    command::{
        alerts::{AlertsHistory, AlertsList},
        audit::AuditList,
        backups::BackupsList,
        cache::{CacheClearPreview, CacheList, CacheStatsGet},
        caps::CapsList,
        channels::ChannelsList,
        charts::ChartsGet,
        gateways::GatewaysList,
        keys::KeysList,
        ledger::LedgerBills,
        limits::LimitsList,
        overview::OverviewGet,
        providers::ProvidersList,
        requests::{RequestsGet, RequestsList},
        rollouts::RolloutsList,
        semantic::{SemanticGet, SemanticNever, SemanticPairs},
    },
    model::{
        cache::CacheSelector,
        change::{Actor, ChangeFilter},
        chart::ChartKind,
        request::{CacheOutcome, CostBasis, RequestFilter, RequestStatus},
        time::TimeRange,
    },
};
use weir_engine::{clock::ManualClock, store::Store};

const HOUR_MS: i64 = 3_600_000;

/// One question of a page.
pub(crate) struct Panel {
    pub(crate) page: &'static str,
    pub(crate) what: String,
    pub(crate) name: &'static str,
    pub(crate) args: Value,
}

/// How long it took, in milliseconds.
pub(crate) struct Timed {
    pub(crate) page: &'static str,
    pub(crate) what: String,
    pub(crate) first_ms: f64,
    pub(crate) median_ms: f64,
    pub(crate) slowest_ms: f64,
}

fn panel<C: Command>(page: &'static str, what: impl Into<String>, command: C) -> Panel {
    Panel {
        page,
        what: what.into(),
        name: C::NAME,
        args: serde_json::to_value(command).expect("arguments are plain data"),
    }
}

/// All panels of all pages, as a window asks at this moment. `request_id` is of one that is there.
pub(crate) fn panels(now_ms: i64, request_id: &str) -> Vec<Panel> {
    let last = |hours: i64| TimeRange {
        from_ms: now_ms - hours * HOUR_MS,
        to_ms: now_ms,
    };
    let mut all = Vec::new();
    for (hours, words) in [
        (1, "1 hour"),
        (24, "24 hours"),
        (24 * 7, "7 days"),
        (24 * 30, "30 days"),
    ] {
        let range = last(hours);
        all.push(panel(
            "overview",
            format!("figures, {words}"),
            OverviewGet { range },
        ));
        for kind in [
            ChartKind::Cost,
            ChartKind::Latency,
            ChartKind::HitRate,
            ChartKind::Rollout,
        ] {
            let what = format!("chart {kind:?}, {words}");
            all.push(panel("overview", what, ChartsGet { kind, range }));
        }
        all.push(panel(
            "cache",
            format!("figures, {words}"),
            CacheStatsGet { range },
        ));
    }
    all.extend(lists(last(24 * 30), request_id));
    let limit = 50;
    let selector = CacheSelector::All;
    all.extend([
        panel(
            "cache",
            "entries",
            CacheList {
                selector: selector.clone(),
                cursor: None,
                limit,
            },
        ),
        panel("cache", "what a clear removes", CacheClearPreview { selector }),
        panel(
            "cache",
            "what a clear of an intent removes",
            CacheClearPreview {
                selector: CacheSelector::Intent("intent-3".into()),
            },
        ),
        panel("budgets", "caps", CapsList {}),
        panel("limits", "limits", LimitsList {}),
        panel("ledger", "bills", LedgerBills {}),
        panel("alerts", "rules", AlertsList {}),
        panel(
            "alerts",
            "history",
            AlertsHistory {
                before_id: None,
                limit,
            },
        ),
        panel("alerts", "channels", ChannelsList {}),
        panel(
            "changes",
            "log",
            AuditList {
                filter: ChangeFilter::default(),
                before_seq: None,
                limit,
            },
        ),
        panel("rollouts", "rollouts", RolloutsList {}),
        panel("semantic", "standing", SemanticGet {}),
        panel(
            "semantic",
            "pairs",
            SemanticPairs {
                intent: None,
                review: true,
                limit,
            },
        ),
        panel("semantic", "never-match list", SemanticNever { limit }),
        panel("settings", "keys", KeysList {}),
        panel("settings", "gateways", GatewaysList {}),
        panel("settings", "providers", ProvidersList {}),
        panel("settings", "backups", BackupsList {}),
    ]);
    all.extend([
        drafted(
            "a cap for everybody tried on 30 days",
            json!({"kind": "global"}),
            900_000_000_000,
        ),
        drafted(
            "a cap for each user tried on 30 days",
            json!({"kind": "user", "each": true}),
            40_000_000,
        ),
    ]);
    all
}

/// A draft of a daily cap, tried on what was recorded.
fn drafted(what: &str, scope: Value, limit_nanousd: i64) -> Panel {
    Panel {
        page: "budgets",
        what: what.to_owned(),
        name: "caps.simulate",
        args: json!({"cap": {"name": "draft", "scope": scope, "period": "day", "time_zone": "UTC", "enabled": true,
            "limit_nanousd": limit_nanousd, "steps": [{"percent": 100, "action": "refuse"}]}}),
    }
}

/// The list of requests as people filter it, and one request.
fn lists(range: TimeRange, request_id: &str) -> Vec<Panel> {
    let text = |text: &str| Some(text.to_owned());
    let none = RequestFilter::default;
    let filters = [
        ("newest", none()),
        (
            "of 30 days",
            RequestFilter {
                range: Some(range),
                ..none()
            },
        ),
        (
            "of a user",
            RequestFilter {
                user: text("user-4711@example.com"),
                ..none()
            },
        ),
        (
            "of nobody known",
            RequestFilter {
                user: text("nobody@example.com"),
                ..none()
            },
        ),
        (
            "of a key",
            RequestFilter {
                key_id: text("key-7"),
                ..none()
            },
        ),
        (
            "of an intent",
            RequestFilter {
                intent: text("intent-3"),
                ..none()
            },
        ),
        (
            "of a model",
            RequestFilter {
                model: text("model-5"),
                ..none()
            },
        ),
        (
            "that failed",
            RequestFilter {
                status: Some(RequestStatus::Failed),
                ..none()
            },
        ),
        (
            "with an unsettled charge",
            RequestFilter {
                cost_basis: Some(CostBasis::Unsettled),
                ..none()
            },
        ),
        (
            "answered by similarity",
            RequestFilter {
                cache: Some(CacheOutcome::Semantic),
                ..none()
            },
        ),
        (
            "that took long",
            RequestFilter {
                min_duration_ms: Some(29_000),
                ..none()
            },
        ),
        (
            "of a variant",
            RequestFilter {
                variant: text("new-ladder=new"),
                ..none()
            },
        ),
        (
            "of a provider that has none",
            RequestFilter {
                provider: text("nowhere"),
                ..none()
            },
        ),
    ];
    let mut lists: Vec<Panel> = filters
        .into_iter()
        .map(|(what, filter)| {
            panel(
                "requests",
                what,
                RequestsList {
                    filter,
                    cursor: None,
                    limit: 50,
                },
            )
        })
        .collect();
    lists.push(panel(
        "requests",
        "the page after",
        RequestsList {
            filter: none(),
            cursor: Some(request_id.to_owned()),
            limit: 50,
        },
    ));
    lists.push(panel(
        "request",
        "one, with its trace",
        RequestsGet {
            id: request_id.to_owned(),
        },
    ));
    lists
}

/// The door to the operations without a running engine, at a time.
pub(crate) fn admin_of(store: Arc<dyn Store>, now_ms: i64) -> Admin {
    Admin {
        store,
        live: Arc::new(Offline),
        clock: Arc::new(ManualClock::at_ms(now_ms)),
        actor: Actor {
            user: "ada".into(),
            door: "test".into(),
            ..Actor::default()
        },
        occasion: Occasion::default(),
    }
}

/// Asks each panel some times.
pub(crate) async fn measure(admin: &Admin, panels: &[Panel], times: usize) -> Vec<Timed> {
    let mut all = Vec::new();
    for panel in panels {
        let mut took = Vec::new();
        for _ in 0..times {
            let began = Instant::now();
            weir_admin::call(admin, panel.name, panel.args.clone())
                .await
                .unwrap_or_else(|problem| panic!("{}: {problem}", panel.what));
            took.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        let first_ms = took[0];
        took.sort_by(f64::total_cmp);
        all.push(Timed {
            page: panel.page,
            what: panel.what.clone(),
            first_ms,
            median_ms: took[took.len() / 2],
            slowest_ms: took[took.len() - 1],
        });
    }
    all
}
