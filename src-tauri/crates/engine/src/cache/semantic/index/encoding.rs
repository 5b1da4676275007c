//! How a vector is kept: 16 bits a number, in parts of which a search reads the later ones of few rows.

/// What a first byte is above the number that it stands for.
pub(super) const MIDDLE: u8 = 128;
/// What a lower half is taken for where it is not read: the middle of what it can be.
pub(super) const LOWER: f32 = 7.5;
/// Steps of the second byte in one of the first.
pub(super) const FINE: f32 = 254.0;

/// A vector in parts. Its numbers are `scale × (16 × upper + lower - MIDDLE + fine / FINE)`.
#[derive(Debug)]
pub(super) struct Encoded {
    /// The upper halves of the first bytes, two dimensions to a byte; see [`packed_bytes`].
    pub(super) upper: Vec<u8>,
    /// Their lower halves.
    pub(super) lower: Vec<u8>,
    /// The second bytes.
    pub(super) fine: Vec<i8>,
    /// What makes the upper halves' length 1, the lower ones taken for `LOWER`.
    pub(super) upper_scale: f32,
    /// Sine of the angle by which they point elsewhere than all parts; 1 where it is a right one or more.
    pub(super) upper_sine: f32,
    pub(super) scales: Scales,
}

/// What makes the length of a vector 1 that is read further.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scales {
    /// Of the first bytes.
    pub(super) first: f32,
    /// Of all.
    pub(super) all: f32,
}

impl Encoded {
    /// A vector of length 1 in parts.
    pub(super) fn of(unit: &[f32]) -> Encoded {
        let largest = unit
            .iter()
            .fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let steps: Vec<f32> = unit.iter().map(|value| value / (largest / 127.0)).collect();
        let whole = |steps: &f32| steps.round().clamp(-127.0, 127.0);
        let rest = |steps: &f32| ((steps - whole(steps)) * FINE).round().clamp(-127.0, 127.0);
        let mut bytes: Vec<u8> = steps
            .iter()
            .map(|steps| to_byte(whole(steps)).cast_unsigned().wrapping_add(MIDDLE))
            .collect();
        let fine: Vec<i8> = steps.iter().map(|steps| to_byte(rest(steps))).collect();

        let first: Vec<f32> = bytes
            .iter()
            .map(|byte| f32::from(*byte) - f32::from(MIDDLE))
            .collect();
        let upper = bytes
            .iter()
            .map(|byte| f32::from(byte & 0xf0) + LOWER - f32::from(MIDDLE));
        let upper: Vec<f32> = upper.collect();
        let all = first.iter().zip(&fine);
        let all: Vec<f32> = all.map(|(first, fine)| first + f32::from(*fine) / FINE).collect();

        let half = packed_bytes(bytes.len());
        bytes.resize(2 * half, MIDDLE);
        let (low, high) = bytes.split_at(half);
        let pairs = || low.iter().zip(high);
        Encoded {
            upper: pairs().map(|(low, high)| low >> 4 | high & 0xf0).collect(),
            lower: pairs().map(|(low, high)| low & 0x0f | high << 4).collect(),
            fine,
            upper_scale: 1.0 / length(&upper),
            upper_sine: sine(&all, &upper),
            scales: Scales {
                first: 1.0 / length(&first),
                all: 1.0 / length(&all),
            },
        }
    }
}

/// Bytes of a row of half bytes: the first half of its dimensions in the lower halves, the others in the upper.
pub(super) fn packed_bytes(width: usize) -> usize {
    width.div_ceil(2)
}

/// The vector at length 1; none if it has no direction.
pub(super) fn unit(vector: &[f32]) -> Option<Vec<f32>> {
    let length = length(vector);
    let has_direction = length.is_finite() && length > f32::MIN_POSITIVE;
    has_direction.then(|| vector.iter().map(|value| value / length).collect())
}

pub(super) fn length(vector: &[f32]) -> f32 {
    dot(vector, vector).sqrt()
}

/// Sine of the angle between two vectors, as exact for small angles as for large ones; 1 where it is a right one or more.
pub(super) fn sine(one: &[f32], other: &[f32]) -> f32 {
    let share = dot(one, other) / dot(other, other);
    if share <= 0.0 {
        return 1.0;
    }
    let off: Vec<f32> = one.iter().zip(other).map(|(a, b)| a - share * b).collect();
    (length(&off) / length(one)).min(1.0)
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// A whole number of at most 127 on either side.
#[allow(
    clippy::cast_possible_truncation,
    reason = "callers hold the value within a byte"
)]
pub(super) fn to_byte(value: f32) -> i8 {
    value as i8
}
