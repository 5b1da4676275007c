//! Sets of pairs and streams, and how they are read from files.

use crate::random::Random;
use std::collections::HashSet;
use std::path::Path;

/// Two questions; `same` when they have the same answer.
pub(crate) struct Pair {
    pub(crate) one: String,
    pub(crate) other: String,
    pub(crate) same: bool,
}

/// Pairs of one source.
pub(crate) struct PairSet {
    pub(crate) name: String,
    pub(crate) pairs: Vec<Pair>,
}

/// A stream of questions; those of one class have the same answer.
pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) requests: Vec<(String, String)>,
}

/// All that is measured.
#[derive(Default)]
pub(crate) struct Sets {
    pub(crate) pairs: Vec<PairSet>,
    pub(crate) streams: Vec<Stream>,
}

impl Sets {
    pub(crate) fn extend(&mut self, more: Sets) {
        self.pairs.extend(more.pairs);
        self.streams.extend(more.streams);
    }
}

/// Reads every `pairs_*.tsv` (`text_a text_b label source`) and `stream_*.tsv` (`text class source`) of a folder.
pub(crate) fn sets(folder: &Path, most: usize) -> Result<Sets, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .map_err(failed)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".tsv"))
        .collect();
    names.sort_unstable();
    let mut sets = Sets::default();
    for name in names {
        let text = std::fs::read_to_string(folder.join(&name)).map_err(failed)?;
        let label = name.trim_end_matches(".tsv").to_owned();
        let rows = text
            .lines()
            .skip(1)
            .map(|line| line.split('\t').collect::<Vec<_>>());
        if name.starts_with("pairs_") {
            let pair = |cells: Vec<&str>| match cells[..] {
                [one, other, same, ..] => Some(Pair {
                    one: one.to_owned(),
                    other: other.to_owned(),
                    same: same == "1",
                }),
                _ => None,
            };
            sets.pairs.push(PairSet {
                name: label,
                pairs: rows.filter_map(pair).collect(),
            });
        } else if name.starts_with("stream_") {
            let request = |cells: Vec<&str>| match cells[..] {
                [text, class, ..] => Some((text.to_owned(), class.to_owned())),
                _ => None,
            };
            sets.streams
                .push(in_order(label, rows.filter_map(request).collect(), most));
        }
    }
    Ok(sets)
}

/// Leaves exact repetitions out, which the exact cache serves. A set that is sorted by class is no stream: it is shuffled.
fn in_order(name: String, mut requests: Vec<(String, String)>, most: usize) -> Stream {
    let mut seen = HashSet::new();
    requests.retain(|(text, _)| seen.insert(text.to_lowercase()));
    let runs = requests.windows(2).filter(|pair| pair[0].1 == pair[1].1).count();
    if runs * 2 > requests.len() {
        Random(1).shuffle(&mut requests);
    }
    requests.truncate(most);
    Stream { name, requests }
}
