//! How things of limits are called in Redis, and how an account's fields are read.

use weir_engine::limit::account::Account;

/// The names of one database's limits.
pub(crate) struct Names(String);

/// An account as it was read, with its version; none where there is no account.
pub(crate) struct Read {
    pub(crate) version: String,
    pub(crate) account: Account,
}

impl Names {
    pub(crate) fn new(prefix: &str) -> Names {
        Names(format!("{prefix}limit:"))
    }

    /// The store's time, and the last version that an account was given.
    pub(crate) fn time(&self) -> String {
        format!("{}time", self.0)
    }

    /// Holders, each with its newest exchange and when it was heard of.
    pub(crate) fn holders(&self) -> String {
        format!("{}holders", self.0)
    }

    /// All accounts by the time at which they were changed last.
    pub(crate) fn idle(&self) -> String {
        format!("{}idle", self.0)
    }

    /// The accounts in which a holder has slots.
    pub(crate) fn accounts_of(&self, holder: &str) -> String {
        format!("{}of:{holder}", self.0)
    }

    /// The callers that have an account under a limit.
    pub(crate) fn callers(&self, pool: &str) -> String {
        format!("{}callers:{pool}", self.0)
    }

    /// One caller's account. The length keeps apart what a name could otherwise imitate.
    pub(crate) fn account(&self, pool: &str, caller: &str) -> String {
        format!("{}account:{}:{pool}:{caller}", self.0, pool.len())
    }
}

/// The field of what a holder is lent.
pub(crate) fn lent_to(holder: &str) -> String {
    format!("l:{holder}")
}

/// The field of what was used at a time.
pub(crate) fn used_at(used_ms: i64) -> String {
    format!("u:{used_ms}")
}

/// An account from its fields.
pub(crate) fn read(fields: Vec<(String, String)>) -> Read {
    let mut account = Account::default();
    let mut version = String::new();
    for (name, value) in fields {
        if name == "v" {
            version = value;
            continue;
        }
        // Every number was written by Weir; what is none would be no slot.
        let Ok(amount) = value.parse::<i64>() else {
            continue;
        };
        if let Some(holder) = name.strip_prefix("l:") {
            account.lent.insert(holder.to_owned(), amount);
        } else if let Some(Ok(used_ms)) = name.strip_prefix("u:").map(str::parse) {
            account.used.insert(used_ms, amount);
        }
    }
    Read { version, account }
}

#[cfg(test)]
mod tests {
    use super::{Names, read};

    #[test]
    fn no_two_accounts_have_one_name() {
        let names = Names::new("weir:");
        assert_ne!(names.account("a:b", "c"), names.account("a", "b:c"));
        assert_ne!(names.account("a", ""), names.account("", "a"));
    }

    #[test]
    fn an_account_comes_back_from_its_fields() {
        let fields = [
            ("v", "7"),
            ("caller", "12"),
            ("l:g1", "3"),
            ("u:1500", "2"),
            ("callers", "x"),
        ];
        let read = read(
            fields
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
        );
        assert_eq!(read.version, "7");
        assert_eq!(
            read.account.lent.into_iter().collect::<Vec<_>>(),
            [("g1".to_owned(), 3)]
        );
        assert_eq!(read.account.used.into_iter().collect::<Vec<_>>(), [(1500, 2)]);
    }
}
