//! The command line's backup, restore, export and import, on a database of its own.

use serde_json::Value;
use std::{path::Path, process::Output};

async fn weir(folder: &Path, args: &[&str]) -> Output {
    let database = format!("sqlite://{}", folder.join("weir.db").display());
    tokio::process::Command::new(support::process::binary())
        .args(args)
        .env_clear()
        .env("WEIR_DATABASE", database)
        .output()
        .await
        .expect("the binary starts")
}

async fn ok(folder: &Path, args: &[&str]) -> String {
    let output = weir(folder, args).await;
    let (said, complaint) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{args:?}: {said}{complaint}");
    said
}

async fn refused(folder: &Path, args: &[&str]) -> String {
    let output = weir(folder, args).await;
    assert!(!output.status.success(), "{args:?} succeeded");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn caps(folder: &Path) -> Vec<(String, i64)> {
    let caps: Value = serde_json::from_str(&ok(folder, &["admin", "call", "caps.list"]).await).expect("JSON");
    let caps = caps.as_array().expect("a list").iter().map(|cap| {
        let cap = &cap["cap"];
        (
            cap["name"].as_str().unwrap_or_default().to_owned(),
            cap["limit_nanousd"].as_i64().unwrap_or(0),
        )
    });
    caps.collect()
}

#[tokio::test]
async fn an_export_makes_another_database_the_same() {
    let (one, other) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    ok(
        one.path(),
        &["admin", "call", "caps.delete", &delete_first(one.path()).await],
    )
    .await;
    let file = one.path().join("weir-export.toml");
    let file = file.to_str().expect("a plain path");
    ok(one.path(), &["export", "--to", file]).await;
    assert!(
        refused(one.path(), &["export", "--to", file])
            .await
            .contains("exists")
    );
    let text = std::fs::read_to_string(file).expect("written");
    let changed = text.replace("limit_nanousd = 50000000000", "limit_nanousd = 60000000000");
    assert_ne!(text, changed);
    let changed_file = other.path().join("in.toml");
    std::fs::write(&changed_file, changed).expect("written");
    let changed_file = changed_file.to_str().expect("a plain path");

    let before = caps(other.path()).await;
    let dry = ok(other.path(), &["import", changed_file, "--dry-run"]).await;
    assert!(
        dry.contains("~ cap \"top-tier-daily\"") && dry.contains("60000000000"),
        "{dry}"
    );
    assert!(dry.contains("nothing was written"), "{dry}");
    assert_eq!(caps(other.path()).await, before);
    let done = ok(other.path(), &["import", changed_file]).await;
    assert!(done.contains("1 items written"), "{done}");
    assert!(
        caps(other.path())
            .await
            .contains(&("top-tier-daily".to_owned(), 60_000_000_000))
    );
    let again = ok(other.path(), &["import", changed_file]).await;
    assert!(again.contains("0 items written"), "{again}");
    let log = ok(other.path(), &["admin", "call", "audit.list", "{\"limit\":1}"]).await;
    assert!(
        log.contains("import of in.toml") && log.contains("\"possible\""),
        "{log}"
    );

    // One wrong item keeps all of them out.
    let wrong = other.path().join("wrong.toml");
    std::fs::write(&wrong, format!("{text}\n[[caps]]\nname = \"broken\"\n")).expect("written");
    let problem = refused(other.path(), &["import", wrong.to_str().expect("a plain path")]).await;
    assert!(problem.contains("broken"), "{problem}");
}

async fn delete_first(folder: &Path) -> String {
    let caps: Value = serde_json::from_str(&ok(folder, &["admin", "call", "caps.list"]).await).expect("JSON");
    format!(
        "{{\"name\":\"global-daily\",\"expected_version\":{}}}",
        caps[0]["version"]
    )
}

#[tokio::test]
async fn litellms_files_move_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let yaml = folder.path().join("config.yaml");
    std::fs::write(
        &yaml,
        "model_list:\n- model_name: fast\n  litellm_params: {model: groq/llama, api_key: gsk_abcdefghijklmnop12345678, input_cost_per_token: 5.0e-08}\n\
         litellm_settings: {max_budget: 10, budget_duration: 1d}\n",
    )
    .expect("written");
    let yaml = yaml.to_str().expect("a plain path");
    let out = folder.path().join("add.toml");
    let said = ok(
        folder.path(),
        &["import", yaml, "--write", out.to_str().expect("a plain path")],
    )
    .await;
    assert!(
        said.contains("+ provider \"groq\"") && said.contains("GROQ_API_KEY"),
        "{said}"
    );
    assert!(!said.contains("gsk_"), "{said}");
    assert!(
        caps(folder.path())
            .await
            .contains(&("litellm-budget".to_owned(), 10_000_000_000))
    );
    let written = std::fs::read_to_string(&out).expect("written");
    assert!(written.contains("input = \"0.05\""), "{written}");
    // The gateway reads what was written.
    ok(
        folder.path(),
        &["check", "--config", out.to_str().expect("a plain path")],
    )
    .await;
    let table = folder.path().join("prices.json");
    std::fs::write(
        &table,
        r#"{"groq/llama": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 5e-08, "output_cost_per_token": 8e-08},
            "x": {"litellm_provider": "cohere", "mode": "chat", "input_cost_per_token": 1e-06}}"#,
    )
    .expect("written");
    let said = ok(
        folder.path(),
        &["import", table.to_str().expect("a plain path"), "--dry-run"],
    )
    .await;
    assert!(
        said.contains("output = \"0.08\"") && said.contains("1 entries are of providers"),
        "{said}"
    );
}

#[tokio::test]
async fn a_backup_is_made_and_restored() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = caps(folder.path()).await;
    let made = ok(folder.path(), &["backup"]).await;
    let file = made.split("  ").next().expect("its path").to_owned();
    ok(
        folder.path(),
        &["admin", "call", "caps.delete", &delete_first(folder.path()).await],
    )
    .await;
    assert_ne!(caps(folder.path()).await, before);
    assert!(ok(folder.path(), &["backup", "--list"]).await.contains(&file));
    let said = ok(folder.path(), &["restore", &file]).await;
    assert!(said.contains("is kept in"), "{said}");
    assert_eq!(caps(folder.path()).await, before);
    let log = ok(folder.path(), &["admin", "call", "audit.list", "{\"limit\":1}"]).await;
    assert!(log.contains("\"restore\""), "{log}");
    let sound = ok(folder.path(), &["admin", "call", "audit.verify"]).await;
    assert!(sound.contains("\"problem\": null"), "{sound}");
    assert!(
        refused(folder.path(), &["restore", "/nowhere.db"])
            .await
            .contains("nowhere")
    );
}
