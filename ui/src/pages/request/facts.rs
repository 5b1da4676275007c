//! The facts of one request as text, in groups.

use crate::{contexts::clock, format, pages::requests::row::or_nothing};
use weir_contract::model::{request::RequestRow, tier::Tier};

/// Facts that belong together.
pub struct Group {
    pub title: &'static str,
    /// Name and value.
    pub lines: Vec<(&'static str, String)>,
}

/// All facts, the most asked for first.
#[must_use]
pub fn groups(row: &RequestRow) -> Vec<Group> {
    vec![route(row), cost(row), time(row), caller(row)]
}

fn route(row: &RequestRow) -> Group {
    let mut lines = vec![
        ("Intent", or_nothing(&row.intent)),
        ("Asked for", or_nothing(&row.requested_model)),
        (
            "Served by",
            format!("{} / {}", or_nothing(&row.provider), or_nothing(&row.model)),
        ),
        ("Tier", row.tier.map_or(format::NOTHING, Tier::as_str).to_owned()),
        ("Variants", or_nothing(&row.variants.join(", "))),
        ("Attempts", row.attempts.to_string()),
        ("HTTP status", row.http_status.to_string()),
    ];
    if !row.error.is_empty() {
        lines.push(("Error", row.error.clone()));
    }
    Group {
        title: "Route",
        lines,
    }
}

fn cost(row: &RequestRow) -> Group {
    let tokens = row.tokens;
    let basis = if row.price_unknown {
        "price unknown, highest of the tier"
    } else {
        row.cost_basis.as_str()
    };
    let input = format!(
        "{} fresh, {} cache read, {} cache write",
        format::count(tokens.input),
        format::count(tokens.cache_read),
        format::count(tokens.cache_write)
    );
    let output = format!(
        "{} visible, {} reasoning",
        format::count(tokens.output),
        format::count(tokens.reasoning)
    );
    Group {
        title: "Cost",
        lines: vec![
            (
                "Cost",
                format!("{} ({basis})", format::money_exact(row.cost_nanousd)),
            ),
            ("Saved", format::money_exact(row.saved_nanousd)),
            ("Price used", or_nothing(&row.price_id)),
            ("Input tokens", input),
            ("Output tokens", output),
        ],
    }
}

fn time(row: &RequestRow) -> Group {
    let arrived = format!(
        "{} ({})",
        clock::moment(row.started_ms),
        clock::zone_name(row.started_ms)
    );
    Group {
        title: "Time",
        lines: vec![
            ("Arrived", arrived),
            ("Total time", format::duration_us(row.duration_us)),
            ("First byte", format::duration_us(row.first_byte_us)),
            ("At providers", format::duration_us(row.upstream_us)),
            ("In Weir", format::duration_us(row.duration_us - row.upstream_us)),
        ],
    }
}

fn caller(row: &RequestRow) -> Group {
    let endpoint = format!("{}{}", row.endpoint, if row.streamed { ", streamed" } else { "" });
    Group {
        title: "Caller",
        lines: vec![
            (
                "Key and team",
                format!("{} / {}", or_nothing(&row.key_id), or_nothing(&row.team)),
            ),
            ("User", or_nothing(&row.user)),
            ("Session", or_nothing(&row.session)),
            ("Event", or_nothing(&row.event)),
            ("Client", or_nothing(&row.client_ip)),
            ("Endpoint", endpoint),
            ("Tags", or_nothing(&row.tags.join(", "))),
        ],
    }
}
