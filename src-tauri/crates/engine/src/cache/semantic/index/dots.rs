//! Inner products of one small-integer vector with many, as fast as the processor can: the one loop that searching waits for.
//!
//! The loop is plain Rust, compiled three times, for processors of three ages; the newest that this one has is taken.

const CACHE_LINE_BYTES: usize = 64;
/// How far ahead of the products memory is asked: a page, which is more than it delivers during a wait for it.
const AHEAD_BYTES: usize = 4_096;

/// Writes the inner product of `query` with each row of `rows` into `out`. Rows lie end to end, each as long as `query`.
///
/// `query` is given in 16 bits, so that it is widened once and not for every row.
pub(super) fn dots(query: &[i16], rows: &[i8], out: &mut Vec<i32>) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl") {
            #[allow(
                unsafe_code,
                reason = "the line above asked the processor for exactly these instructions"
            )]
            // SAFETY: `avx512` is ordinary safe Rust; calling it is unsafe only where the processor lacks the
            // instructions it was compiled to, and it has them.
            unsafe {
                avx512(query, rows, out);
            }
            return;
        }
        if is_x86_feature_detected!("avx2") {
            #[allow(
                unsafe_code,
                reason = "the line above asked the processor for exactly these instructions"
            )]
            // SAFETY: as above, for AVX2.
            unsafe {
                avx2(query, rows, out);
            }
            return;
        }
    }
    plain(query, rows, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn avx512(query: &[i16], rows: &[i8], out: &mut Vec<i32>) {
    plain(query, rows, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(query: &[i16], rows: &[i8], out: &mut Vec<i32>) {
    plain(query, rows, out);
}

/// The loop. Sums cannot overflow: a product is below 2¹⁴ and a row has fewer than 2¹⁶ dimensions. It is written without
/// closures, since one may be compiled by itself, and then for the oldest processor.
#[inline(always)]
fn plain(query: &[i16], rows: &[i8], out: &mut Vec<i32>) {
    out.clear();
    out.reserve(rows.len() / query.len());
    for row in rows.chunks_exact(query.len()) {
        for line in (0..query.len()).step_by(CACHE_LINE_BYTES) {
            ask_for(row.as_ptr().wrapping_add(AHEAD_BYTES + line));
        }
        let mut sum = 0;
        for (a, b) in query.iter().zip(row) {
            sum += i32::from(*a) * i32::from(*b);
        }
        out.push(sum);
    }
}

/// Asks memory for bytes that are needed soon. The processor does so by itself only up to the end of a page, which
/// a row or ten are, and to wait at the start of each takes as long as all products.
#[inline(always)]
fn ask_for(place: *const i8) {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code, reason = "a hint to the processor, which reads nothing")]
    // SAFETY: a hint may name any place, also one past the rows: it never fails and changes nothing.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_gives_the_same_sums() {
        let query: Vec<i16> = (0..384).map(|at| (at * 37 % 255) - 127).collect();
        let rows: Vec<i8> = (0..384 * 50)
            .map(|at: i32| i8::try_from(at * 91 % 255 - 127).unwrap())
            .collect();
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        dots(&query, &rows, &mut fast);
        plain(&query, &rows, &mut slow);
        let by_hand: i32 = query
            .iter()
            .zip(&rows[384..768])
            .map(|(a, b)| i32::from(*a) * i32::from(*b))
            .sum();
        assert_eq!((fast.len(), &fast, fast[1]), (50, &slow, by_hand));
    }
}
