//! Rollouts: sticky, recorded, growing without moving anybody out.

use std::collections::BTreeMap;
use support::stage::Stage;
use weir_contract::command::rollouts::{RolloutsList, RolloutsSave};

const ROLLOUT: &str = "[[rollouts]]\nname = \"new-model\"\ndescription = \"x\"\nbasis_points = 3000\nenabled = true\n\
                       change = { model = \"fake/mini\", system_prefix = \"Be kind.\" }\n";
const USERS: usize = 60;

/// Which variant each user gets, checked against headers and rows.
async fn variants(stage: &Stage, round: usize) -> BTreeMap<usize, String> {
    let mut found = BTreeMap::new();
    for user in 0..USERS {
        let name = format!("user-{user}");
        let headers = [("x-weir-user", name.as_str()), ("x-weir-intent", "anything")];
        let said = stage
            .ask_with(&headers, "auto", &format!("{round} {user}"))
            .await
            .expect(200);
        let row = stage.detail(&said).await.row;
        assert_eq!(row.variants.len(), 1, "{row:?}");
        let variant = row.variants[0].clone();
        let expected = if variant == "new-model=new" {
            "fake/mini"
        } else {
            "fake/nano"
        };
        assert!(
            ["new-model=new", "new-model=old"].contains(&variant.as_str()),
            "{variant}"
        );
        assert_eq!(said.header("x-weir-model"), expected, "{variant}");
        let prefixed = stage.upstream.last().body.to_string().contains("Be kind.");
        assert_eq!(prefixed, variant == "new-model=new");
        found.insert(user, variant);
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn users_stay_where_they_are_and_only_move_in() {
    let stage = Stage::open_with(ROLLOUT).await;
    let first = variants(&stage, 0).await;
    assert_eq!(first, variants(&stage, 1).await, "sticky");
    let share = first
        .values()
        .filter(|variant| *variant == "new-model=new")
        .count();
    assert!((6..=32).contains(&share), "{share} of {USERS} at 30 %");

    let mut state = stage.admin(RolloutsList {}).await.remove(0);
    state.rollout.basis_points = 7_000;
    stage
        .admin(RolloutsSave {
            rollout: state.rollout,
            expected_version: state.version,
        })
        .await;
    let second = variants(&stage, 2).await;
    for (user, variant) in &first {
        assert!(
            variant == "new-model=old" || second[user] == "new-model=new",
            "user {user} was moved out"
        );
    }
    let grown = second
        .values()
        .filter(|variant| *variant == "new-model=new")
        .count();
    assert!(grown > share, "{share} then {grown}");
    // Shares are read from rollups, which follow the requests by a moment.
    let all = 3 * i64::try_from(USERS).unwrap();
    support::eventually("the measured share", || async {
        let state = stage.admin(RolloutsList {}).await.remove(0);
        (state.new_requests + state.old_requests == all).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_the_client_named_stays_as_named() {
    let stage = Stage::open_with(&ROLLOUT.replace("3000", "10000")).await;
    let said = stage
        .ask_with(&[("x-weir-user", "ann")], "fake/large", "named")
        .await
        .expect(200);
    assert_eq!(said.header("x-weir-model"), "fake/large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_may_switch_the_cache() {
    let extra = "[[rollouts]]\nname = \"no-cache\"\ndescription = \"x\"\nbasis_points = 10000\nenabled = true\nchange = { cache = false }\n";
    let stage = Stage::open_with(extra).await;
    for _ in 0..2 {
        assert_eq!(stage.ask("fake/nano", "x").await.expect(200).cache(), "bypass");
    }
}
