//! What calls used is learned from the provider's own usage, kept in the store, and known to the next gateway.

use crate::stage::{Play, Stage, call};
use weir_contract::NanoUsd;
use weir_engine::{budget::learned_ratio::Side, settings::ModelRef, store::RatioStore};

#[tokio::test]
async fn settled_usage_is_learned_and_shared() {
    let stage = Stage::new(NanoUsd(100 * NanoUsd::PER_USD)).await;
    stage.play(Play::Answer { after_ms: 0 });
    for turn in 0..3 {
        stage
            .serve(call(&format!("question {turn}"), false))
            .await
            .map(|_| ())
            .unwrap();
    }
    stage.engine.share_ratios().await.unwrap();
    let counts = stage.store.ratio_counts().await.unwrap();
    for side in [Side::Input, Side::Output] {
        let of_it = counts.iter().filter(|count| count.side == side);
        assert_eq!(of_it.map(|count| count.n).sum::<u64>(), 3, "{counts:?}");
    }
    assert!(
        counts
            .iter()
            .all(|count| count.provider == "fake" && count.model == "m")
    );
    // Sharing again adds nothing twice.
    stage.engine.share_ratios().await.unwrap();
    assert_eq!(stage.store.ratio_counts().await.unwrap(), counts);

    // Another gateway has learned enough meanwhile, and this one takes it over.
    let many = counts
        .into_iter()
        .map(|mut count| {
            count.n *= 400;
            count
        })
        .collect();
    stage.store.add_ratio_counts(many).await.unwrap();
    let model = ModelRef {
        provider: "fake".into(),
        model: "m".into(),
    };
    assert!(!stage.engine.estimate(&model, 100, 100).is_learned());
    stage.engine.share_ratios().await.unwrap();
    let estimate = stage.engine.estimate(&model, 100, 100);
    assert!(estimate.is_learned(), "{estimate:?}");
}
