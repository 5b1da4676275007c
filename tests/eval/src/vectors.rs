//! The embedding of each text, made once.

use std::collections::HashMap;
use std::path::Path;
use weir_embedder::MiniLm;

/// What makes vectors.
enum Model {
    MiniLm(Box<MiniLm>),
    /// Words and letter triples, hashed: no model's file is needed, and it sees as little of meaning as a model at its worst.
    #[cfg(test)]
    Letters,
}

/// The model with what it has embedded.
pub(crate) struct Vectors {
    model: Model,
    known: HashMap<String, Vec<f32>>,
}

impl Vectors {
    pub(crate) fn load(model: &Path) -> Result<Vectors, String> {
        let model = MiniLm::load(model).map_err(|error| error.to_string())?;
        Ok(Vectors {
            model: Model::MiniLm(Box::new(model)),
            known: HashMap::new(),
        })
    }

    /// Vectors that need no model.
    #[cfg(test)]
    pub(crate) fn of_letters() -> Vectors {
        Vectors {
            model: Model::Letters,
            known: HashMap::new(),
        }
    }

    /// The vector of a text.
    pub(crate) fn of(&mut self, text: &str) -> Result<Vec<f32>, String> {
        if let Some(known) = self.known.get(text) {
            return Ok(known.clone());
        }
        let made = self.fresh(text)?;
        self.known.insert(text.to_owned(), made.clone());
        Ok(made)
    }

    /// The vector of a text, made now.
    pub(crate) fn fresh(&self, text: &str) -> Result<Vec<f32>, String> {
        match &self.model {
            Model::MiniLm(model) => model
                .embed(text)
                .map(|(vector, _)| vector)
                .map_err(|error| error.to_string()),
            #[cfg(test)]
            Model::Letters => Ok(of_letters(text)),
        }
    }
}

/// Each word that carries meaning counts as one mark, and so does each of its letter triples, by a third.
#[cfg(test)]
fn of_letters(text: &str) -> Vec<f32> {
    use weir_engine::cache::semantic::words::words;
    let mut vector = vec![0.0_f32; 384];
    let mut add = |mark: &str, weight: f32| {
        let hash = mark.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
        vector[(hash >> 20) as usize % 384] += sign * weight;
    };
    for word in words(text).all.iter().filter(|word| !word.is_function) {
        add(&word.stem, 1.0);
        let letters: Vec<char> = format!(" {} ", word.lower).chars().collect();
        for triple in letters.windows(3) {
            add(&triple.iter().collect::<String>(), 1.0 / 3.0);
        }
    }
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    // A text without a word has no direction, and is never stored.
    vector
        .iter()
        .map(|value| value / length.max(f32::MIN_POSITIVE))
        .collect()
}

/// Cosine of two vectors of length 1.
pub(crate) fn cosine(one: &[f32], other: &[f32]) -> f64 {
    one.iter().zip(other).map(|(a, b)| f64::from(a * b)).sum()
}
