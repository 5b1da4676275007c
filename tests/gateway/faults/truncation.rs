//! A stream that breaks off after any byte is an error for the client, is charged, and is never kept.

use super::ends_badly;
use futures::{StreamExt, stream};
use serde_json::json;
use support::{
    said::Said,
    stage::{Stage, chat, with},
    upstream::{Fault, Reply},
};
use weir_contract::{
    NanoUsd,
    command::{cache::CacheStatsGet, requests::RequestsList},
    model::{
        request::{CostBasis, RequestFilter, RequestRow, RequestStatus},
        time::TimeRange,
    },
};

/// Has characters of two and four bytes, so that cuts fall into them too.
const TEXT: &str = "größer 🐟";
const CALLS_AT_ONCE: usize = 48;

/// Calls with a cut after each of these bytes; gives how many answers came whole.
async fn cut_everywhere(stage: &Stage, provider: &str, path: &str, step: usize) -> usize {
    let ask = |cut: usize| {
        let model = format!("{provider}/cut{}-{cut:06}", path.len());
        let body = with(chat(&model, "x"), json!({"stream": true}));
        stage.send(stage.post(path, &body))
    };
    ask(999_999).await.expect(200);
    let bytes = stage.upstream.last_stream_bytes();
    assert!(bytes > 300, "{provider}: a stream of {bytes} bytes");
    // The end mark is enough; where there is none, the end of the body must have come too.
    let whole_from = if provider == "gem" { bytes + 1 } else { bytes };
    let cuts: Vec<usize> = (0..bytes).step_by(step).chain([bytes, bytes + 1]).collect();
    let answers = stream::iter(cuts.clone()).map(|cut| async move { (cut, ask(cut).await) });
    let answers: Vec<(usize, Said)> = answers.buffer_unordered(CALLS_AT_ONCE).collect().await;
    let mut whole = 1;
    for (cut, said) in answers {
        let what = format!("{provider} {path} cut after {cut} of {bytes} bytes");
        if cut >= whole_from {
            assert_eq!(
                (said.status, said.text().as_str()),
                (200, TEXT),
                "{what}: {said:#?}"
            );
            assert!(!said.body.contains("\"error\""), "{what}: {said:#?}");
            whole += 1;
        } else if said.status == 200 {
            ends_badly(path, &said, TEXT, &what);
        } else {
            assert_eq!(said.status, 502, "{what}: {said:#?}");
            assert!(said.json()["error"]["message"].is_string(), "{what}: {said:#?}");
        }
    }
    whole
}

/// Every recorded request.
async fn all_rows(stage: &Stage) -> Vec<RequestRow> {
    let mut rows = Vec::new();
    let mut cursor = None;
    loop {
        let page = stage
            .admin(RequestsList {
                filter: RequestFilter::default(),
                cursor,
                limit: 200,
            })
            .await;
        rows.extend(page.rows);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return rows;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_cut_after_any_byte_is_an_error_is_charged_and_is_never_kept() {
    // Models without a price are charged so dearly that thousands of calls would reach the daily cap.
    let price = "[[prices]]\nprovider = \"fake\"\nmodel = \"*\"\ninput = \"1\"\noutput = \"4\"\n";
    let stage = Stage::open_with(price).await;
    stage.upstream.set_reply(Reply::Text(TEXT.to_owned()));
    stage.upstream.fail(Fault::CutAsNamed);
    let (chat, messages) = ("/v1/chat/completions", "/v1/messages");
    let mut whole = 0;
    for (provider, every_byte, some_bytes) in [
        ("fake", chat, messages),
        ("claude", messages, chat),
        ("gem", chat, messages),
    ] {
        whole += cut_everywhere(&stage, provider, every_byte, 1).await;
        whole += cut_everywhere(&stage, provider, some_bytes, 7).await;
    }
    let rows = all_rows(&stage).await;
    assert!(rows.len() > 2_000, "{} requests", rows.len());
    let complete = rows.iter().filter(|row| row.status == RequestStatus::Ok).count();
    assert_eq!(
        complete, whole,
        "what is recorded as whole reached its client whole"
    );
    for row in rows.iter().filter(|row| row.status != RequestStatus::Ok) {
        assert!(
            matches!(row.status, RequestStatus::Cut | RequestStatus::Failed)
                && row.cost_basis == CostBasis::Unsettled
                && row.cost_nanousd > NanoUsd::ZERO,
            "{row:#?}"
        );
    }
    let range = TimeRange {
        from_ms: rows[rows.len() - 1].started_ms,
        to_ms: rows[0].started_ms + 1,
    };
    let kept = stage.admin(CacheStatsGet { range }).await.stored.entries;
    assert_eq!(
        kept,
        i64::try_from(whole).unwrap(),
        "nothing but whole answers is kept"
    );
}
