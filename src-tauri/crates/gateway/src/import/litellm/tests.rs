//! Files as people have them, and files that are none.

use super::config;
use crate::config::FileConfig;

const FILE: &str = r#"
model_list:
  - model_name: gpt-4o
    litellm_params: {model: openai/gpt-4o, api_key: os.environ/MY_OPENAI, rpm: 100}
  - model_name: fast
    litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/MY_OPENAI}
  - model_name: fast
    litellm_params: {model: groq/llama-3.1-8b, api_key: "gsk_abcdefghijklmnop12345678"}
  - model_name: claude
    litellm_params: {model: claude-sonnet-4-5}
  - model_name: local
    litellm_params: {model: hosted_vllm/qwen, api_base: "http://10.0.0.5:8000/v1/", input_cost_per_token: 2.0e-07, output_cost_per_token: 0.0000006}
  - model_name: aws
    litellm_params: {model: bedrock/anthropic.claude}
litellm_settings: {drop_params: true, max_budget: 100.5, budget_duration: 30d, request_timeout: 60, odd_thing: 1}
router_settings: {fallbacks: [{gpt-4o: [fast]}], routing_strategy: simple-shuffle}
general_settings: {master_key: "sk-1234567890abcdefghij", database_url: "postgresql://u:hunter2@h/db"}
environment_variables: {OPENAI_API_KEY: "sk-abcdefghijklmnopqrstuvwx"}
"#;

#[test]
fn a_usual_file_moves_over() {
    let plan = config(FILE).unwrap();
    let names: Vec<(&str, &str)> = plan
        .items
        .iter()
        .map(|item| (item.kind, item.name.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("provider", "openai"),
            ("provider", "groq"),
            ("provider", "anthropic"),
            ("provider", "hosted-vllm"),
            ("cap", "litellm-budget"),
        ]
    );
    assert_eq!(plan.items[0].value["key"]["value"], "MY_OPENAI");
    assert_eq!(plan.items[1].value["key"]["value"], "GROQ_API_KEY");
    assert_eq!(plan.items[3].value["base_url"], "http://10.0.0.5:8000/v1");
    assert_eq!(plan.items[4].value["limit_nanousd"], 100_500_000_000_i64);
    assert_eq!(plan.items[4].value["period"], "month");
    let file = FileConfig::parse(&plan.file).unwrap();
    assert_eq!(
        (file.prices[0].input.as_str(), file.prices[0].output.as_str()),
        ("0.2", "0.6")
    );
    assert_eq!(file.timeouts.first_byte_seconds, 60);
    let understood = plan.understood.join("\n");
    assert!(
        understood.contains("clients call openai/gpt-4o-mini instead of fast"),
        "{understood}"
    );
    let not = plan.not_understood.join("\n");
    for word in [
        "model gpt-4o, rpm",
        "GROQ_API_KEY",
        "bedrock",
        "litellm_settings.odd_thing: Weir has nothing like it",
        "router_settings.fallbacks",
        "general_settings.master_key",
        "environment_variables",
    ] {
        assert!(not.contains(word), "{word}: {not}");
    }
    let all = format!("{plan:?}");
    for secret in ["gsk_abc", "sk-1234", "sk-abcd", "hunter2"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}

#[test]
fn what_is_no_configuration_is_refused_without_showing_it() {
    for text in [
        "- 1",
        "a: 1",
        "model_list: 3",
        "key: 'sk-abcdefghijklmnopqrstuvwx",
        "",
        "\u{0}",
    ] {
        let problem = config(text).unwrap_err();
        assert!(!problem.contains("sk-abc"), "{problem}");
    }
    let models =
        |model: &str| format!("model_list:\n  - model_name: m\n    litellm_params: {{model: {model}}}");
    assert!(config(&models("mystery")).unwrap().not_understood[0].contains("whose model"));
    assert!(config(&models("hosted_vllm/x")).unwrap().not_understood[0].contains("api_base"));
}

#[test]
fn budgets_without_a_period_are_not_guessed() {
    let budget = |rest: &str| config(&format!("litellm_settings: {{max_budget: 5{rest}}}")).unwrap();
    assert!(budget("").items.is_empty());
    assert_eq!(
        budget(", budget_duration: 12h").items[0].value["period"]["rolling_hours"],
        12
    );
    assert_eq!(
        budget(", budget_duration: 3d").items[0].value["period"]["rolling_hours"],
        72
    );
    assert!(budget(", budget_duration: 90d").items.is_empty());
}
