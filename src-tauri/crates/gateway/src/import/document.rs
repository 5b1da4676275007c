//! Weir's configuration as one TOML text, without secrets: written by an export, read by an import.

use super::{Item, Plan};
use serde_json::Value;
use weir_engine::{change::redact, store::ConfigItem};

/// The form of the text; another number is another form.
const FORM: i64 = 1;

/// Lists of the text, and the kind of their items. In the order in which they are written into a database.
const LISTS: [(&str, &str); 6] = [
    ("providers", "provider"),
    ("alert_channels", "alert_channel"),
    ("alert_rules", "alert_rule"),
    ("caps", "cap"),
    ("limits", "limit"),
    ("rollouts", "rollout"),
];

/// Writes the items. What may hold a secret is left out and named in a comment.
///
/// # Errors
/// An item of the database that cannot be read.
pub fn write(items: &[ConfigItem]) -> Result<String, String> {
    let mut text = format!(
        "# Weir's configuration, without secrets: keys stand in the environment or the keychain under the names given here.\n\
         # Virtual keys, requests and money are in backups, not here. Read it in with: weir-gateway import FILE\n\nweir_export = {FORM}\n"
    );
    let default = items
        .iter()
        .find(|item| item.kind == "setting" && item.name == "default_provider");
    if let Some(item) = default {
        let name: String = read(item)?;
        text.push_str(&format!("default_provider = {}\n", toml::Value::String(name)));
    }
    for (list, kind) in LISTS {
        for item in items.iter().filter(|item| item.kind == kind) {
            let value: Value = read(item)?;
            if let Some(why) = holds_a_secret(&value) {
                text.push_str(&format!(
                    "\n# Left out: {kind} \"{}\", because {why}.\n",
                    item.name
                ));
                continue;
            }
            let mut document = toml::Table::new();
            let value = to_toml(value).ok_or_else(|| format!("{kind} \"{}\" has no value", item.name))?;
            document.insert(list.to_owned(), toml::Value::Array(vec![value]));
            let part = toml::to_string(&document)
                .map_err(|problem| format!("{kind} \"{}\" cannot be written: {problem}", item.name))?;
            text.push('\n');
            text.push_str(&part);
        }
    }
    Ok(text)
}

fn read<T: serde::de::DeserializeOwned>(item: &ConfigItem) -> Result<T, String> {
    serde_json::from_str(&item.body).map_err(|problem| {
        format!(
            "the stored {} \"{}\" cannot be read: {problem}",
            item.kind, item.name
        )
    })
}

/// Reads what [`write`] wrote. Whether each item makes sense is judged by the operation that saves it.
///
/// # Errors
/// The place and the known names, in words.
pub fn parse(text: &str) -> Result<Plan, String> {
    let mut document: toml::Table = toml::from_str(text).map_err(|problem| problem.to_string())?;
    match document.remove("weir_export") {
        Some(toml::Value::Integer(FORM)) => {}
        Some(other) => {
            return Err(format!(
                "weir_export = {other}: this Weir reads form {FORM}; export it again, or update Weir"
            ));
        }
        None => {
            return Err(format!(
                "this is no export of Weir: the line \"weir_export = {FORM}\" is missing (weir.toml itself is named with --config, not imported)"
            ));
        }
    }
    let mut plan = Plan::default();
    let default = document.remove("default_provider");
    for (list, kind) in LISTS {
        let Some(values) = document.remove(list) else {
            continue;
        };
        let toml::Value::Array(values) = values else {
            return Err(format!("{list}: must be a list, written [[{list}]]"));
        };
        for value in values {
            plan.items.push(item_of(list, kind, value)?);
        }
        if kind == "provider"
            && let Some(default) = &default
        {
            plan.items.push(default_item(default)?);
        }
    }
    let is_there = plan.items.iter().any(|item| item.kind == "setting");
    if let (Some(default), false) = (&default, is_there) {
        plan.items.insert(0, default_item(default)?);
    }
    if let Some(name) = document.keys().next() {
        let known: Vec<&str> = LISTS.iter().map(|(list, _)| *list).collect();
        return Err(format!(
            "\"{name}\" is unknown; known are default_provider, {}",
            known.join(", ")
        ));
    }
    Ok(plan)
}

fn item_of(list: &str, kind: &'static str, value: toml::Value) -> Result<Item, String> {
    let name = value.get("name").and_then(toml::Value::as_str);
    let name = name
        .ok_or_else(|| format!("[[{list}]]: every one needs a name"))?
        .to_owned();
    let value = serde_json::to_value(&value).map_err(|problem| format!("{list} \"{name}\": {problem}"))?;
    Ok(Item { kind, name, value })
}

fn default_item(value: &toml::Value) -> Result<Item, String> {
    let name = value
        .as_str()
        .ok_or("default_provider: must be a provider's name")?;
    Ok(Item {
        kind: "setting",
        name: "default_provider".to_owned(),
        value: Value::String(name.to_owned()),
    })
}

/// Why the value may hold a secret.
fn holds_a_secret(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(text) => {
            let has_query = text.starts_with("http") && text.contains('?');
            if redact::text(text) != *text {
                Some("it holds what looks like a key; write it by hand")
            } else if has_query {
                Some("its address may hold a secret; write it by hand")
            } else {
                None
            }
        }
        Value::Array(items) => items.iter().find_map(holds_a_secret),
        Value::Object(fields) => fields.values().find_map(holds_a_secret),
        _ => None,
    }
}

/// TOML has no null; a field that is null is a field that is not there. None for null itself.
fn to_toml(value: Value) -> Option<toml::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(yes) => toml::Value::Boolean(yes),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => toml::Value::Integer(whole),
            None => toml::Value::Float(number.as_f64()?),
        },
        Value::String(text) => toml::Value::String(text),
        Value::Array(items) => toml::Value::Array(items.into_iter().filter_map(to_toml).collect()),
        Value::Object(fields) => toml::Value::Table(
            fields
                .into_iter()
                .filter_map(|(name, value)| Some((name, to_toml(value)?)))
                .collect(),
        ),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]
mod tests {
    use super::{ConfigItem, parse, write};
    use serde_json::{Value, json};

    fn item(kind: &str, name: &str, value: Value) -> ConfigItem {
        ConfigItem {
            kind: kind.into(),
            name: name.into(),
            version: 1,
            body: value.to_string(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let cap = json!({"name": "daily", "scope": {"kind": "global"}, "period": {"rolling_hours": 24},
            "limit_nanousd": 9_000_000_000_000_001_i64, "steps": [{"percent": 80, "action": "notify"}], "enabled": true});
        let provider = json!({"name": "openai", "protocol": "openai", "base_url": "https://api.openai.com/v1",
            "key": {"kind": "env", "value": "OPENAI_API_KEY"}});
        let items = [
            item("cap", "daily", cap.clone()),
            item("provider", "openai", provider.clone()),
            item("setting", "default_provider", json!("openai")),
            item("setting", "alerts_seeded", json!(true)),
            item("cache_clear", "latest", json!({"kind": "all"})),
        ];
        let text = write(&items).unwrap();
        let plan = parse(&text).unwrap();
        let read: Vec<(&str, &str, &Value)> = plan
            .items
            .iter()
            .map(|item| (item.kind, item.name.as_str(), &item.value))
            .collect();
        assert_eq!(
            read,
            [
                ("provider", "openai", &provider),
                ("setting", "default_provider", &json!("openai")),
                ("cap", "daily", &cap),
            ]
        );
    }

    #[test]
    fn secrets_are_left_out_and_named() {
        let hook = |url: &str| json!({"name": "ops", "target": {"kind": "webhook", "url": url, "secret": {"kind": "none"}}, "enabled": true});
        for url in [
            "https://hooks.slack.com/services/T0/B0/abcdefghijkl",
            "https://ops.example/hook?token=hunter2",
        ] {
            let text = write(&[item("alert_channel", "ops", hook(url))]).unwrap();
            assert!(text.contains("# Left out: alert_channel \"ops\""), "{text}");
            assert!(
                !text.contains("hunter2") && !text.contains("abcdefghijkl"),
                "{text}"
            );
        }
        let text = write(&[item("alert_channel", "ops", hook("https://ops.example/hook"))]).unwrap();
        assert!(text.contains("https://ops.example/hook"), "{text}");
    }

    #[test]
    fn mistakes_are_named() {
        for (text, word) in [
            ("", "weir_export"),
            ("weir_export = 7", "form 1"),
            ("weir_export = 1\ncpas = []", "caps"),
            ("weir_export = 1\ncaps = 3", "[[caps]]"),
            ("weir_export = 1\n[[caps]]\nlimit_nanousd = 1", "needs a name"),
            ("weir_export = ", "expected"),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains(word), "{text}: {problem}");
        }
    }
}
