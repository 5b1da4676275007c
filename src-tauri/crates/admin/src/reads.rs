//! Which operations change nothing: what a window may do that only reads.

/// Verbs of operations that only look. One that is not here is taken to change something, so a new one is locked until
/// somebody has decided.
const LOOKING: &[&str] = &[
    "get",
    "list",
    "stats",
    "clear_preview",
    "preview",
    "simulate",
    "history",
    "verify",
    "bills",
    "bill",
    "curve",
    "pairs",
    "never",
];

/// True when the operation of this name changes nothing.
#[must_use]
pub fn only_reads(name: &str) -> bool {
    name.split_once('.')
        .is_some_and(|(_, verb)| LOOKING.contains(&verb))
}

#[cfg(test)]
mod tests {
    use super::only_reads;
    use crate::COMMAND_NAMES;

    #[test]
    fn what_changes_something_is_not_taken_for_reading() {
        let changing = [
            "save",
            "set",
            "delete",
            "clear",
            "create",
            "update",
            "rotate",
            "revoke",
            "end_overlap",
            "undo",
            "make",
            "correct",
            "snooze",
            "allow",
            "feedback",
            "purge",
            "restore",
            "check",
            "reconcile",
            "test",
        ];
        for name in COMMAND_NAMES {
            let verb = name.split('.').nth(1).unwrap();
            if changing
                .iter()
                .any(|word| verb == *word || verb.starts_with(&format!("{word}_")) && verb != "clear_preview")
            {
                assert!(!only_reads(name), "{name}");
            }
        }
        assert!(only_reads("caps.list") && only_reads("cache.clear_preview"));
        assert!(!only_reads("caps.save") && !only_reads("nothing") && !only_reads("new.verb"));
    }
}
