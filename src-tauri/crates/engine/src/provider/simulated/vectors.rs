//! Embeddings without a model: hashed words and letter groups, so that texts that share words lie close. Pure.

use sha2::{Digest, Sha256};

/// Numbers in a vector.
pub const DIMENSIONS: usize = 256;

/// A vector of length 1; the same text always gives the same one.
#[must_use]
pub fn embed(text: &str, dimensions: usize) -> Vec<f32> {
    let dimensions = dimensions.clamp(1, DIMENSIONS);
    let mut vector = vec![0.0_f32; dimensions];
    let lower = text.to_lowercase();
    for word in lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        add(&mut vector, word, 2.0);
        let letters: Vec<char> = word.chars().collect();
        for group in letters.windows(3) {
            add(&mut vector, &group.iter().collect::<String>(), 0.5);
        }
    }
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|number| *number /= length);
    } else {
        // Text without words still needs a direction.
        vector[0] = 1.0;
    }
    vector
}

fn add(vector: &mut [f32], feature: &str, weight: f32) {
    let digest: [u8; 32] = Sha256::digest(feature.as_bytes()).into();
    let place = usize::from(u16::from_le_bytes([digest[0], digest[1]])) % vector.len();
    vector[place] += if digest[2] & 1 == 0 { weight } else { -weight };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        embed(a, DIMENSIONS)
            .iter()
            .zip(embed(b, DIMENSIONS))
            .map(|(a, b)| a * b)
            .sum()
    }

    #[test]
    fn texts_that_share_words_lie_close() {
        assert!((cosine("how do I reset my password", "how do I reset my password") - 1.0).abs() < 1e-5);
        let related = cosine("how do I reset my password", "reset the password please");
        let foreign = cosine("how do I reset my password", "weather in Bern tomorrow");
        assert!(related > 0.3 && related > foreign + 0.2, "{related} {foreign}");
        assert_eq!(embed("", 8)[0], 1.0);
    }
}
