//! Memory: what a million stored questions take in a running gateway, as it counts them itself and as the system sees it.

use crate::random::Random;
use weir_engine::cache::semantic::{namespace::Namespace, running::SemanticCache};
use weir_engine::store::{NewSemanticEntry, SemanticEntry};

/// Bytes at one size.
pub(crate) struct Measured {
    pub(crate) entries: usize,
    /// What is asked to be held at most.
    pub(crate) bound: usize,
    pub(crate) counted: usize,
    /// How much more the process takes; none where the system does not say.
    pub(crate) resident: Option<usize>,
}

/// Takes so many questions of one namespace into a cache that may take 2 GiB, and into one that may take a tenth of it.
pub(crate) fn measure(entries: usize) -> Result<Vec<Measured>, String> {
    let whole = fill(entries, 2 << 30)?;
    // What the first gave back is taken again, so that the process grows by less than is held.
    let bounded = Measured {
        resident: None,
        ..fill(entries, (2 << 30) / 10)?
    };
    Ok(vec![whole, bounded])
}

fn fill(entries: usize, bound: usize) -> Result<Measured, String> {
    let before = resident();
    let cache = SemanticCache::new(bound);
    let namespace = Namespace::from_bytes([1; 32]);
    cache.hold(namespace);
    let mut random = Random(8);
    for at in 0..entries {
        cache.insert(&question(at, namespace, &mut random)?);
    }
    let (held, counted) = cache.size();
    let resident = before.and_then(|before| Some(resident()?.saturating_sub(before)));
    Ok(Measured {
        entries: held,
        bound,
        counted,
        resident,
    })
}

fn question(at: usize, namespace: Namespace, random: &mut Random) -> Result<SemanticEntry, String> {
    let entry = NewSemanticEntry {
        base: [1; 32],
        namespace: *namespace.as_bytes(),
        embedder: "made".to_owned(),
        group: "team\u{1f}faq".to_owned(),
        key: format!("{at:064x}"),
        question: format!("How many days does it take to ship {at} boxes of paper from Oslo to Lima?"),
        answer_id: 0,
        expires_ms: i64::MAX,
        vector: (0..384).map(|_| random.share() as f32 - 0.5).collect(),
    };
    let id = i64::try_from(at + 1).map_err(|error| error.to_string())?;
    Ok(SemanticEntry { id, entry })
}

/// What the process takes now, in bytes, as Linux says.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1_024)
}
