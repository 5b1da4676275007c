//! Where the page is: the location's hash as a page and its query. Pure text, so links and back work by themselves.

/// Every screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    Overview,
    Requests,
    /// One request, by id.
    Request(String),
    Cache,
    Budgets,
    Limits,
    Rollouts,
    Alerts,
    Changes,
    Settings,
    /// Where the local door ends: snippet and waiting row.
    Start,
    Attach,
}

impl Page {
    /// The hash's path part.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Page::Overview => "overview".to_owned(),
            Page::Requests => "requests".to_owned(),
            Page::Request(id) => format!("requests/{}", encode(id)),
            Page::Cache => "cache".to_owned(),
            Page::Budgets => "budgets".to_owned(),
            Page::Limits => "limits".to_owned(),
            Page::Rollouts => "rollouts".to_owned(),
            Page::Alerts => "alerts".to_owned(),
            Page::Changes => "changes".to_owned(),
            Page::Settings => "settings".to_owned(),
            Page::Start => "start".to_owned(),
            Page::Attach => "attach".to_owned(),
        }
    }

    /// Reads a path; what is unknown is the overview, so that a stale link still lands somewhere.
    #[must_use]
    pub fn from_path(path: &str) -> Page {
        let mut parts = path.trim_matches('/').splitn(2, '/');
        match (parts.next().unwrap_or(""), parts.next()) {
            ("requests", Some(id)) if !id.is_empty() => Page::Request(decode(id)),
            ("requests", _) => Page::Requests,
            ("cache", _) => Page::Cache,
            ("budgets", _) => Page::Budgets,
            ("limits", _) => Page::Limits,
            ("rollouts", _) => Page::Rollouts,
            ("alerts", _) => Page::Alerts,
            ("changes", _) => Page::Changes,
            ("settings", _) => Page::Settings,
            ("start", _) => Page::Start,
            ("attach", _) => Page::Attach,
            _ => Page::Overview,
        }
    }

    /// The screen's name as its heading and the window's title say it.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Page::Overview => "Overview",
            Page::Requests => "Requests",
            Page::Request(_) => "Request",
            Page::Cache => "Cache",
            Page::Budgets => "Budgets",
            Page::Limits => "Rate limits",
            Page::Rollouts => "Rollouts",
            Page::Alerts => "Alerts",
            Page::Changes => "Changes",
            Page::Settings => "Settings",
            Page::Start => "Start",
            Page::Attach => "Attach to production",
        }
    }
}

/// A page with its query, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub page: Page,
    pub query: Vec<(String, String)>,
}

impl Route {
    /// Reads `#/requests?intent=faq`.
    #[must_use]
    pub fn from_hash(hash: &str) -> Route {
        let hash = hash.trim_start_matches('#');
        let (path, query) = hash.split_once('?').unwrap_or((hash, ""));
        let query = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (decode(name), decode(value)))
            .collect();
        Route {
            page: Page::from_path(path),
            query,
        }
    }

    /// Writes what [`Route::from_hash`] reads.
    #[must_use]
    pub fn to_hash(&self) -> String {
        let pairs: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        let query = if pairs.is_empty() {
            String::new()
        } else {
            format!("?{}", pairs.join("&"))
        };
        format!("#/{}{query}", self.page.path())
    }

    /// The first value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Percent-encodes everything but letters, digits and `-._~:`.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Undoes [`encode`]; broken escapes stay as they are.
#[must_use]
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let escaped = (bytes[index] == b'%')
            .then(|| text.get(index + 1..index + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = escaped {
            out.push(byte);
            index += 3;
        } else {
            out.push(bytes[index]);
            index += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_survives_the_round_trip() {
        let route = Route {
            page: Page::Requests,
            query: vec![
                ("intent".into(), "faq & más=1".into()),
                ("range".into(), "24h".into()),
            ],
        };
        assert_eq!(Route::from_hash(&route.to_hash()), route);
        let one = Route {
            page: Page::Request("0193-ab/c".into()),
            query: Vec::new(),
        };
        assert_eq!(Route::from_hash(&one.to_hash()), one);
    }

    #[test]
    fn stale_links_land_on_the_overview() {
        assert_eq!(Route::from_hash("").page, Page::Overview);
        assert_eq!(Route::from_hash("#/nowhere?x").page, Page::Overview);
        assert_eq!(decode("%zz%4"), "%zz%4");
    }
}
