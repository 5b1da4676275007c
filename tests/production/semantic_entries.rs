//! Answers by meaning of many gateway processes: each serves what another has bought, and none what another has dropped.

use crate::{
    collections::{EMBEDDER, GONE_AFTER},
    fleet::Fleet,
};
use serde_json::json;
use support::{eventually, said::Said, upstream::Reply};

const GATEWAYS: usize = 4;
/// Words that carry no meaning, of which each wording of a question takes others.
const FILLERS: [&str; 6] = ["and", "so", "how", "can", "i", "we"];

/// The answer to a question asked in other words, where there is one in the cache; nothing is bought.
async fn similar(fleet: &Fleet, gateway: usize, topic: usize, wording: usize) -> Option<Said> {
    let (one, other) = (FILLERS[wording % 6], FILLERS[wording / 6 % 6]);
    let text = format!("{one} {other} export invoices of chapter{topic}");
    let headers = [("intent", "faq"), ("cache", "only")];
    let said = fleet.ask_with(gateway, &headers, &text).await;
    (said.status == 200).then_some(said)
}

async fn buy(fleet: &Fleet, gateway: usize, topic: usize) {
    let (source, user) = (format!("manual {topic}"), format!("user {topic}"));
    let headers = [
        ("intent", "faq"),
        ("source", source.as_str()),
        ("user", user.as_str()),
    ];
    let text = format!("export invoices of chapter{topic}");
    let said = fleet.ask_with(gateway, &headers, &text).await.expect(200);
    assert_eq!(said.cache(), "miss");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_dropped_at_one_gateway_are_served_by_none() {
    let mut fleet = Fleet::start(GATEWAYS, EMBEDDER).await;
    let rule = json!({"intent": "*", "mode": "on", "policy": "distance", "most_wrong_permille": 30});
    fleet
        .call("semantic.save", &json!({"rule": rule, "expected_version": 0}))
        .await;
    fleet.upstream.set_reply(Reply::Text("By the menu.".into()));
    for topic in 0..GATEWAYS {
        buy(&fleet, topic, topic).await;
        for gateway in 0..GATEWAYS {
            let said = eventually("each gateway serves it", || {
                similar(&fleet, gateway, topic, gateway)
            })
            .await;
            assert_eq!(said.cache(), "semantic", "topic {topic} at gateway {gateway}");
        }
    }
    let bought = fleet.upstream.calls_of("nano");
    for topic in 0..GATEWAYS {
        let which = match topic % 2 {
            0 => format!("source=manual+{topic}"),
            _ => format!("user=user+{topic}&purge=true"),
        };
        let base = &fleet.gateways[(topic + 1) % GATEWAYS].base;
        let url = format!("{base}/v1/cache/entries?{which}");
        let gone = fleet.client.delete(url).bearer_auth(&fleet.key).send().await;
        let gone = Said::read(gone.unwrap()).await.expect(200).json();
        assert_eq!(gone["entries"], 1, "{which}: {gone}");
        // A look-up may be given up for want of time, so that none found says little before, and nothing of the answer's being gone.
        tokio::time::sleep(GONE_AFTER).await;
        for gateway in 0..GATEWAYS {
            for wording in 0..3 {
                for dropped in 0..=topic {
                    let said = similar(&fleet, gateway, dropped, 12 + wording).await;
                    assert!(
                        said.is_none(),
                        "topic {dropped} at gateway {gateway} after {which}: {said:?}"
                    );
                }
            }
            for kept in topic + 1..GATEWAYS {
                let said = eventually("what is not meant stays", || {
                    similar(&fleet, gateway, kept, 12 + gateway)
                })
                .await;
                assert_eq!(
                    said.cache(),
                    "semantic",
                    "topic {kept} at gateway {gateway} after {which}"
                );
            }
        }
    }
    assert_eq!(
        fleet.upstream.calls_of("nano"),
        bought,
        "nothing was bought to find this out"
    );
    fleet.stop().await;
}
