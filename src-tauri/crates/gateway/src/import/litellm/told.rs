//! What to tell of LiteLLM's settings that have no counterpart of their own.

/// Settings that have a counterpart, or deliberately none: what to tell about each.
pub(super) const TOLD: [(&str, &str); 19] = [
    (
        "cache",
        "Weir's cache is always on; what is cached is decided by intents",
    ),
    ("cache_params", "Weir keeps its cache in its own database"),
    (
        "num_retries",
        "Weir tries again by itself, within a tenth of the traffic",
    ),
    ("allowed_fails", "Weir's breakers learn when a model is down"),
    ("cooldown_time", "Weir's breakers learn when a model is up again"),
    (
        "routing_strategy",
        "Weir takes the cheapest model of a tier that will do; order models under [tiers]",
    ),
    (
        "fallbacks",
        "Weir goes on to the next model of the ladder; order models under [tiers]",
    ),
    (
        "context_window_fallbacks",
        "Weir takes a model whose context is long enough; order models under [tiers]",
    ),
    (
        "content_policy_fallbacks",
        "a refused answer is an answer in Weir, and is passed on",
    ),
    (
        "model_group_alias",
        "Weir has no aliases; clients call provider/model or auto",
    ),
    (
        "master_key",
        "secrets are not taken over; make virtual keys with weir-gateway key create",
    ),
    ("salt_key", "secrets are not taken over"),
    ("database_url", "Weir has a database of its own"),
    ("redis_host", "Weir needs no Redis"),
    ("alerting", "make a channel and rules on the alerts page"),
    (
        "success_callback",
        "Weir records every request itself; see the metrics and traces in weir.toml",
    ),
    (
        "failure_callback",
        "Weir records every request itself; see the metrics and traces in weir.toml",
    ),
    (
        "callbacks",
        "Weir records every request itself; see the metrics and traces in weir.toml",
    ),
    ("drop_params", "Weir passes a client's parameters on as they are"),
];
