//! Bills as providers export them, and what is said of bad ones.

use super::{BillFormat, TimeRange, read};

/// November 2026, UTC.
const NOVEMBER: TimeRange = TimeRange {
    from_ms: 1_793_491_200_000,
    to_ms: 1_796_083_200_000,
};

fn sums(text: &str) -> Vec<(String, i64, u32)> {
    let read = read(text, NOVEMBER).unwrap();
    let sum = |one: weir_contract::model::ledger::BilledModel| (one.model, one.amount_nanousd.0, one.lines);
    read.models.into_iter().map(sum).collect()
}

fn complaint(text: &str) -> String {
    read(text, NOVEMBER).unwrap_err()
}

#[test]
fn openai_costs_add_up_by_model_over_input_and_output() {
    let text = "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id\n\
        1793491200,1793577600,2026-11-01T00:00:00+00:00,2026-11-02T00:00:00+00:00,0.10000000000000000555,usd,\"gpt-5-2025-08-07, input\",p\n\
        1793491200,1793577600,2026-11-01T00:00:00+00:00,2026-11-02T00:00:00+00:00,0.2,usd,\"gpt-5-2025-08-07, output\",p\n\
        1793577600,1793664000,2026-11-02T00:00:00+00:00,2026-11-03T00:00:00+00:00,,,,\n\
        1793577600,1793664000,2026-11-02T00:00:00+00:00,2026-11-03T00:00:00+00:00,1.5e-06,usd,\"gpt-5-mini, cached input\",p\n";
    assert_eq!(
        sums(text),
        [
            ("gpt-5-2025-08-07".to_owned(), 300_000_000, 2),
            ("gpt-5-mini".to_owned(), 1_500, 1)
        ]
    );
    assert_eq!(read(text, NOVEMBER).unwrap().format, BillFormat::Openai);
}

#[test]
fn anthropic_costs_keep_lines_without_a_model_apart() {
    let text = "usage_date_utc,model,workspace,cost_type,token_type,cost_usd\r\n\
        2026-11-01,Claude Sonnet 4.5,Default,token,input,1.25\r\n\
        2026-11-30,Claude Sonnet 4.5,Default,token,output,$2.75\r\n\
        2026-11-30,,Default,web_search,,0.01\r\n";
    assert_eq!(
        sums(text),
        [
            ("Claude Sonnet 4.5".to_owned(), 4_000_000_000, 2),
            ("web_search".to_owned(), 10_000_000, 1)
        ]
    );
}

#[test]
fn totals_are_read_with_and_without_a_header() {
    let expected = [
        ("gpt-5".to_owned(), 12_500_000_000, 1),
        ("o3".to_owned(), -1_000_000_000, 2),
    ];
    assert_eq!(sums("model,amount_usd\ngpt-5,12.50\no3,-2\no3,1"), expected);
    assert_eq!(sums("gpt-5, 12.50\n\no3, -2\no3, 1\n"), expected);
    assert_eq!(sums("amount_usd,model\n12.5,gpt-5\n-2,o3\n1,o3"), expected);
}

#[test]
fn a_bad_line_is_named_with_what_to_do() {
    for (text, parts) in [
        ("model,amount_usd\ngpt-5,1\no3,abc", ["line 3", "like 12.50"]),
        ("model,amount_usd\ngpt-5,12,50", ["line 2", "quotes"]),
        ("model,amount_usd\ngpt-5,\"12,50\"", ["line 2", "two ways"]),
        ("model,amount_usd\ngpt-5,", ["line 2", "write 0"]),
        (
            "usage_date_utc,model,cost_usd\n2026-10-31,a,1",
            ["line 2", "outside the chosen range"],
        ),
        (
            "usage_date_utc,model,cost_usd\n2026-12-01,a,1",
            ["line 2", "outside the chosen range"],
        ),
        (
            "usage_date_utc,model,cost_usd\nyesterday,a,1",
            ["line 2", "no date"],
        ),
        (
            "amount_value,amount_currency,line_item\n1,eur,a",
            ["line 2", "US dollars"],
        ),
        ("model,price\ngpt-5,x", ["line 1", "columns are not known"]),
        ("", ["empty", "gpt-5,12.50"]),
        ("model,amount_usd\n", ["no lines", "export"]),
        ("model,amount_usd\n\"gpt-5,1", ["line 2", "never closed"]),
    ] {
        let problem = complaint(text);
        for part in parts {
            assert!(problem.contains(part), "{text:?}: {problem}");
        }
    }
}

#[test]
fn of_many_bad_lines_the_first_are_told_and_the_rest_counted() {
    let text = format!("model,amount_usd\n{}", "a,b\n".repeat(9));
    let problem = complaint(&text);
    assert!(
        problem.contains("line 2: ") && problem.contains("line 6: "),
        "{problem}"
    );
    assert!(
        !problem.contains("line 7: ") && problem.ends_with("and 4 more"),
        "{problem}"
    );
}
