//! The test of a connection names the step that fails, and connecting fails at the same one.

use super::{Shifted, options, profile};
use crate::{
    tls::{certificate, front},
    wire::Wire,
};
use support::roles::set_up;
use weir_contract::model::profile::{ConnectionProfile, StepKind, StepOutcome, TestStep, TlsMode};
use weir_gateway::attach::{Attached, walk};

fn outcome(steps: &[TestStep], kind: StepKind) -> StepOutcome {
    steps.iter().find(|step| step.kind == kind).unwrap().outcome
}

/// Goes the way as a test and as a connection. Both must fail at this step, and nothing after it may be tried.
async fn fails_at(profile: &ConnectionProfile, kind: StepKind, says: &str) {
    let options = options(Shifted::new());
    let tested = walk(profile, &options).await.leave().await;
    let (made, attached) = Attached::connect(profile.clone(), options).await;
    assert!(attached.is_err(), "{kind:?}");
    for steps in [tested, made] {
        assert_eq!(steps.len(), StepKind::ALL.len());
        let failed: Vec<_> = steps
            .iter()
            .filter(|step| step.outcome == StepOutcome::Failed)
            .collect();
        assert_eq!(failed.len(), 1, "{kind:?}: {steps:#?}");
        assert_eq!(failed[0].kind, kind, "{steps:#?}");
        assert!(
            failed[0].said.contains(says) || failed[0].advice.contains(says),
            "{says}: {steps:#?}"
        );
        assert!(!failed[0].advice.is_empty(), "{steps:#?}");
        let after = steps.iter().filter(|step| step.kind > kind);
        for step in after {
            assert_eq!(step.outcome, StepOutcome::NotReached, "{steps:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_that_can_fail_is_named() {
    let database = set_up().await;
    let wire = Wire::lay().await;
    let good = profile(wire.port, &database);

    let mut wrong = good.clone();
    wrong.host = "no-such-host.invalid".to_owned();
    fails_at(&wrong, StepKind::Dns, "was not found").await;

    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    wrong = good.clone();
    wrong.port = unused.local_addr().unwrap().port();
    drop(unused);
    fails_at(&wrong, StepKind::Tcp, "refused").await;

    // The tests' server is built without TLS, and says so.
    wrong = good.clone();
    wrong.tls = TlsMode::VerifyFull;
    fails_at(&wrong, StepKind::Tls, "speaks no TLS").await;

    wrong = good.clone();
    wrong.user = "nobody_there".to_owned();
    fails_at(&wrong, StepKind::Login, "nobody_there").await;
    wrong = good.clone();
    wrong.database = "nowhere".to_owned();
    fails_at(&wrong, StepKind::Login, "nowhere").await;

    // Whoever may write is not let in to read: the role must hold the lock, not the window.
    for user in ["weir", "weir_gateway", "weir_admin", "weir_migrator"] {
        wrong = good.clone();
        wrong.user = user.to_owned();
        wrong.admin_user = String::new();
        fails_at(&wrong, StepKind::Rights, "weir_viewer").await;
    }

    let steps = walk(&good, &options(Shifted::new())).await.leave().await;
    for kind in [
        StepKind::Dns,
        StepKind::Tcp,
        StepKind::Login,
        StepKind::Rights,
        StepKind::Schema,
        StepKind::Clock,
    ] {
        assert_eq!(outcome(&steps, kind), StepOutcome::Ok, "{steps:#?}");
    }
    assert_eq!(outcome(&steps, StepKind::Ssh), StepOutcome::Skipped);
    assert_eq!(
        outcome(&steps, StepKind::Tls),
        StepOutcome::Warned,
        "not encrypted"
    );

    // A clock that is off is said, and keeps nobody out.
    let clock = Shifted::new();
    clock.ahead_ms.store(90_000, std::sync::atomic::Ordering::Relaxed);
    let steps = walk(&good, &options(clock)).await.leave().await;
    let step = steps.iter().find(|step| step.kind == StepKind::Clock).unwrap();
    assert_eq!(step.outcome, StepOutcome::Warned);
    assert!(step.said.contains("behind"), "{step:?}");

    database.sql("REVOKE SELECT ON weir.rollup_counters FROM weir_viewer");
    fails_at(&good, StepKind::Rights, "rollup_counters").await;
    database
        .sql("DELETE FROM weir.schema_steps WHERE version = (SELECT max(version) FROM weir.schema_steps)");
    fails_at(&good, StepKind::Schema, "migrate").await;
    database.sql("DROP SCHEMA weir CASCADE");
    fails_at(&good, StepKind::Rights, "no tables").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_is_checked_for_the_host_and_its_end_is_told() {
    let database = set_up().await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificate(folder, "ours", "right", "DNS:localhost", 10);
    certificate(folder, "ours", "long", "DNS:localhost", 29);
    certificate(folder, "ours", "elsewhere", "DNS:db.example.com", 10);
    certificate(folder, "ours", "expired", "DNS:localhost", -1);
    certificate(folder, "theirs", "unknown", "DNS:localhost", 10);
    let verified = |port| ConnectionProfile {
        tls: TlsMode::VerifyFull,
        ca_file: folder.join("ours.pem").display().to_string(),
        ..profile(port, &database)
    };
    for (name, says) in [
        ("elsewhere", "did not prove"),
        ("expired", "ended"),
        ("unknown", "did not prove"),
    ] {
        let port = front(folder, Some(name)).await;
        fails_at(&verified(port), StepKind::Tls, says).await;
    }
    for (name, wanted, says) in [
        ("right", StepOutcome::Warned, "valid for 9 more days"),
        ("long", StepOutcome::Ok, "valid for 28 more days"),
    ] {
        let port = front(folder, Some(name)).await;
        let options = options(Shifted::new());
        let (steps, attached) = Attached::connect(verified(port), options).await;
        let attached = attached.unwrap_or_else(|problem| panic!("{problem}: {steps:#?}"));
        let step = steps.iter().find(|step| step.kind == StepKind::Tls).unwrap();
        assert_eq!(step.outcome, wanted, "{step:?}");
        assert!(step.said.contains(says), "{step:?}");
        attached.close().await;
    }
}
