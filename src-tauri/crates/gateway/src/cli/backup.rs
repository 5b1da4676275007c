//! `weir-gateway backup` and `weir-gateway restore`.

use super::Source;
use std::path::Path;
use weir_admin::backups;
use weir_contract::{
    Command,
    command::backups::{BackupsList, BackupsMake},
};
use weir_engine::{
    change::Act,
    clock::{Clock, SystemClock},
    store::ChangeStore,
};
use weir_gateway::{
    actor::actor_of,
    config::{Database, Environment},
};

/// Makes a backup, or lists what there is.
pub(super) async fn back_up(source: &Source, list: bool) -> Result<(), String> {
    let (admin, store) = source.offline_admin().await?;
    let outcome = if list {
        backups::list(&admin, BackupsList {}).await.map(|list| {
            for backup in &list.backups {
                println!(
                    "{}  {} bytes  {}",
                    backup.path,
                    backup.bytes,
                    backup.reason.as_str()
                );
            }
            if list.made_by_weir {
                println!("{} backups in {}", list.backups.len(), list.folder);
            } else {
                println!("{}", list.folder);
            }
        })
    } else {
        backups::make(&admin.doing(BackupsMake::NAME), BackupsMake {})
            .await
            .map(|backup| println!("{}  {} bytes, checked", backup.path, backup.bytes))
    };
    let closed = store.close().await.map_err(|problem| problem.to_string());
    outcome.map_err(|problem| problem.to_string()).and(closed)
}

/// Puts a backup in the place of the configured database.
pub(super) async fn restore(source: &Source, backup: &Path) -> Result<(), String> {
    let config = source
        .load(&Environment::of_process())
        .map_err(|problem| problem.to_string())?;
    let Database::Sqlite(database) = config.database().map_err(|problem| problem.to_string())? else {
        return Err(
            "the configured database is Postgres; it is restored by pg_restore, from the file that pg_dump wrote"
                .to_owned(),
        );
    };
    let now_ms = SystemClock::new().now_ms();
    let kept = weir_store_sqlite::restore(&database, backup, now_ms)
        .await
        .map_err(|problem| problem.to_string())?;
    // Opening brings an older backup up to date, and shows that it can be used.
    let store = weir_store_sqlite::open(&database)
        .await
        .map_err(|problem| format!("the backup is in place, but cannot be opened: {problem}"))?;
    let act = Act {
        actor: actor_of("script", "local"),
        command: "restore".to_owned(),
        now_ms,
        ..Act::default()
    };
    let name = backup.file_name().unwrap_or_default().to_string_lossy();
    let noted = store.note_change("database", &name, &act).await;
    let closed = store.close().await.map_err(|problem| problem.to_string());
    noted.map_err(|problem| problem.to_string())?;
    println!("{} is restored from {}.", database.display(), backup.display());
    if let Some(kept) = kept {
        println!("What was there before is kept in {}.", kept.display());
    }
    println!(
        "What was spent, changed or revoked since the backup is not in it: look over caps and keys before serving."
    );
    closed
}
