//! `weir-gateway key`.

use super::Source;
use clap::{Args, Subcommand};
use weir_admin::{Admin, keys};
use weir_contract::{
    Command, NanoUsd,
    command::keys::{CreatedKey, KeysCreate, KeysEndOverlap, KeysList, KeysRevoke, KeysRotate, NewKeyCap},
    model::{
        cap::CapPeriod,
        key::{KeyEndpoint, KeyLimit, KeyScopes, VirtualKey},
        tier::Tier,
    },
};

const DAY_MS: i64 = 86_400_000;

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key. It is shown once.
    Create {
        #[command(flatten)]
        wanted: Box<Wanted>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        source: Source,
    },
    /// List all keys, without their secrets.
    List {
        #[command(flatten)]
        source: Source,
    },
    /// Give a key a new secret, which works at once. It is shown once.
    Rotate {
        /// The key's public id.
        id: String,
        /// How long the old secret works on, in hours; 0 stops it now.
        #[arg(long, default_value_t = 24)]
        overlap_hours: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        source: Source,
    },
    /// Stop the secret before the last rotation now.
    EndOverlap {
        /// The key's public id.
        id: String,
        #[command(flatten)]
        source: Source,
    },
    /// Stop a key from working.
    Revoke {
        /// The key's public id.
        id: String,
        #[command(flatten)]
        source: Source,
    },
}

/// What a new key is to be. Scopes that are not given do not restrict.
#[derive(Args)]
pub(crate) struct Wanted {
    /// Whose key it is, for people.
    #[arg(long)]
    name: String,
    /// Keys of one team share cached answers.
    #[arg(long, default_value = "")]
    team: String,
    /// The person or service that answers for it.
    #[arg(long, default_value = "")]
    owner: String,
    /// Refused after so many days.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    expires_in_days: Option<u16>,
    /// Only for these: `chat_completions`, `messages`, `embeddings`, `listings`, with commas between them.
    #[arg(long, value_delimiter = ',', value_parser = endpoint)]
    endpoints: Vec<KeyEndpoint>,
    /// Only for these models: `provider/model` or a model's name.
    #[arg(long, value_delimiter = ',')]
    models: Vec<String>,
    /// Only for models of these tiers: `T0` to `T3`.
    #[arg(long, value_delimiter = ',', value_parser = tier)]
    tiers: Vec<Tier>,
    /// Only for these intents.
    #[arg(long, value_delimiter = ',')]
    intents: Vec<String>,
    /// At most so many calls in any minute.
    #[arg(long, value_name = "CALLS")]
    per_minute: Option<u32>,
    /// At most so many dollars in a calendar month (UTC): `12.50`.
    #[arg(long, value_name = "DOLLARS", value_parser = NanoUsd::parse_decimal)]
    monthly_cap: Option<NanoUsd>,
}

impl Wanted {
    fn command(self, now_ms: i64) -> KeysCreate {
        KeysCreate {
            name: self.name,
            team: self.team,
            owner: self.owner,
            scopes: KeyScopes {
                endpoints: self.endpoints,
                models: self.models,
                tiers: self.tiers,
                intents: self.intents,
            },
            expires_ms: self.expires_in_days.map(|days| now_ms + i64::from(days) * DAY_MS),
            limit: self.per_minute.map(|max_requests| KeyLimit {
                max_requests,
                window_seconds: 60,
            }),
            cap: self.monthly_cap.map(|limit_nanousd| NewKeyCap {
                limit_nanousd,
                period: CapPeriod::Month,
                time_zone: "UTC".to_owned(),
            }),
        }
    }
}

fn endpoint(text: &str) -> Result<KeyEndpoint, String> {
    KeyEndpoint::parse(text.trim()).ok_or_else(|| {
        let known: Vec<&str> = KeyEndpoint::ALL.iter().map(|one| one.as_str()).collect();
        format!("use {}", known.join(", "))
    })
}

fn tier(text: &str) -> Result<Tier, String> {
    Tier::parse(text.trim()).ok_or_else(|| "use T0, T1, T2 or T3".to_owned())
}

pub(super) async fn run(command: KeyCommand) -> Result<(), String> {
    let source = match &command {
        KeyCommand::Create { source, .. }
        | KeyCommand::List { source }
        | KeyCommand::Rotate { source, .. }
        | KeyCommand::EndOverlap { source, .. }
        | KeyCommand::Revoke { source, .. } => source.clone(),
    };
    let (admin, store) = source.offline_admin().await?;
    let outcome = act(&admin, command).await.map_err(|problem| problem.to_string());
    let closed = store.close().await.map_err(|problem| problem.to_string());
    outcome.and(closed)
}

async fn act(admin: &Admin, command: KeyCommand) -> Result<(), weir_contract::ApiError> {
    let admin = &admin.doing(match command {
        KeyCommand::Create { .. } => KeysCreate::NAME,
        KeyCommand::List { .. } => KeysList::NAME,
        KeyCommand::Rotate { .. } => KeysRotate::NAME,
        KeyCommand::EndOverlap { .. } => KeysEndOverlap::NAME,
        KeyCommand::Revoke { .. } => KeysRevoke::NAME,
    });
    match command {
        KeyCommand::Create { wanted, json, .. } => {
            let created = keys::create(admin, wanted.command(admin.clock.now_ms())).await?;
            show(&created, json);
        }
        KeyCommand::Rotate {
            id,
            overlap_hours,
            json,
            ..
        } => {
            let overlap_seconds = overlap_hours.saturating_mul(3_600);
            let rotated = keys::rotate(admin, KeysRotate { id, overlap_seconds }).await?;
            show(&rotated, json);
        }
        KeyCommand::List { .. } => {
            let now_ms = admin.clock.now_ms();
            for state in keys::list(admin, KeysList {}).await? {
                let key = &state.key;
                println!(
                    "{}  …{}  {}  {:10}  {}  {}  {}  {} this month",
                    key.id,
                    key.last_four,
                    key.fingerprint,
                    standing(key, now_ms),
                    key.name,
                    key.owner,
                    key.team,
                    state.month_spent_nanousd
                );
            }
        }
        KeyCommand::EndOverlap { id, .. } => {
            let key = keys::end_overlap(admin, KeysEndOverlap { id }).await?;
            println!("Only the newest secret of {} ({}) works now.", key.id, key.name);
        }
        KeyCommand::Revoke { id, .. } => {
            let key = keys::revoke(admin, KeysRevoke { id }).await?;
            println!("{} ({}) no longer works.", key.id, key.name);
        }
    }
    Ok(())
}

/// Whether a key works, in a word or two.
fn standing(key: &VirtualKey, now_ms: i64) -> String {
    match key.expires_ms {
        _ if key.revoked_ms.is_some() => "revoked".to_owned(),
        Some(expires_ms) if expires_ms <= now_ms => "expired".to_owned(),
        Some(expires_ms) => format!("{} d left", (expires_ms - now_ms) / DAY_MS),
        None => "active".to_owned(),
    }
}

fn show(created: &CreatedKey, json: bool) {
    if json {
        let key = &created.key;
        let shown = serde_json::json!({
            "key": created.secret,
            "id": key.id,
            "name": key.name,
            "owner": key.owner,
            "team": key.team,
            "scopes": key.scopes,
            "expires_ms": key.expires_ms,
            "last_four": key.last_four,
            "fingerprint": key.fingerprint,
            "created_ms": key.created_ms,
        });
        println!("{shown}");
    } else {
        println!("{}\n\nKeep it now; it is not shown again.", created.secret);
    }
}
