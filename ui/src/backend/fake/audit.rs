//! The log of changes of the fake, of which one can be taken back, and its backups.

use super::shelf::Shelf;
use weir_contract::{
    ApiError, ErrorCode,
    command::audit::{AuditList, AuditUndo},
    model::backup::{Backup, BackupList, BackupReason},
    model::change::{Actor, ChainCheck, Change, ChangePage, ChangeState, UndoStanding, differences},
};

/// The change that can be undone.
const LOWERED: i64 = 3;

pub(super) fn list(shelf: &Shelf, list: &AuditList) -> ChangePage {
    let text = list.filter.text.clone().unwrap_or_default().to_lowercase();
    let mut changes = log(shelf);
    changes.retain(|state| {
        let change = &state.change;
        let kind = list.filter.kind.as_ref();
        kind.is_none_or(|kind| *kind == change.kind)
            && format!("{} {} {}", change.name, change.command, change.reason).contains(&text)
    });
    ChangePage {
        changes,
        next_before_seq: None,
    }
}

pub(super) fn verify() -> ChainCheck {
    ChainCheck {
        rows: LOWERED,
        head_seq: LOWERED,
        head_sha256: "made up: no gateway is attached".to_owned(),
        problem: None,
    }
}

pub(super) fn undo(shelf: &mut Shelf, undo: &AuditUndo) -> Result<ChangeState, ApiError> {
    if undo.seq != LOWERED || shelf.undone.is_some() {
        return Err(ApiError::new(
            ErrorCode::NotAllowed,
            "This change cannot be undone.",
        ));
    }
    shelf.undone = Some((shelf.now_ms, undo.reason.clone()));
    log(shelf)
        .into_iter()
        .next()
        .ok_or_else(|| ApiError::not_found("There is no change."))
}

pub(super) fn backups(shelf: &Shelf) -> BackupList {
    let backup = |days: i64| Backup {
        path: format!("/made/up/weir-backups/weir-{days}-daily.db"),
        taken_ms: shelf.now_ms - days * 86_400_000 - 7_200_000,
        bytes: 48_300_000 - days * 900_000,
        reason: BackupReason::Daily,
    };
    BackupList {
        backups: (0..3).map(backup).collect(),
        folder: "/made/up/weir-backups".to_owned(),
        is_overdue: false,
        made_by_weir: true,
    }
}

pub(super) fn back_up() -> Result<Backup, ApiError> {
    Err(ApiError::new(
        ErrorCode::Unavailable,
        "No gateway is attached, so there is nothing to back up.",
    ))
}

fn log(shelf: &Shelf) -> Vec<ChangeState> {
    let cap = |dollars: i64| {
        format!(
            "{{\"name\":\"global-daily\",\"limit_nanousd\":{}}}",
            dollars * 1_000_000_000
        )
    };
    let mut log = vec![
        entry(
            shelf,
            1,
            ("caps.save", "cap", "global-daily"),
            None,
            Some(cap(100)),
        ),
        entry(
            shelf,
            2,
            ("keys.create", "virtual_key", "abcdefghijkl"),
            None,
            Some("{\"name\":\"laptop\"}".to_owned()),
        ),
        entry(
            shelf,
            LOWERED,
            ("caps.save", "cap", "global-daily"),
            Some(cap(100)),
            Some(cap(25)),
        ),
    ];
    log[2].undo = UndoStanding::Possible;
    log[2].change.reason = "end of quarter".to_owned();
    if let Some((at_ms, reason)) = &shelf.undone {
        log[2].undo = UndoStanding::Undone { by: LOWERED + 1 };
        let mut undo = entry(
            shelf,
            LOWERED + 1,
            ("audit.undo", "cap", "global-daily"),
            Some(cap(25)),
            Some(cap(100)),
        );
        undo.change.undoes = Some(LOWERED);
        undo.change.at_ms = *at_ms;
        undo.change.reason.clone_from(reason);
        log.push(undo);
    }
    log.reverse();
    log
}

fn entry(
    shelf: &Shelf,
    seq: i64,
    what: (&str, &str, &str),
    before: Option<String>,
    after: Option<String>,
) -> ChangeState {
    let (command, kind, name) = what;
    ChangeState {
        differences: differences(before.as_deref(), after.as_deref()),
        undo: UndoStanding::Impossible {
            why: "it was changed again since; undo the later change first".to_owned(),
        },
        change: Change {
            seq,
            at_ms: shelf.now_ms - (10 - seq) * 3_600_000,
            actor: Actor {
                user: "ana".to_owned(),
                profile: "sample".to_owned(),
                role: "owner".to_owned(),
                door: "window".to_owned(),
                version: "0.1.0".to_owned(),
            },
            command: command.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            before,
            after,
            reason: String::new(),
            config_version: Some(seq),
            undoes: None,
            sha256: "0".repeat(64),
        },
    }
}
