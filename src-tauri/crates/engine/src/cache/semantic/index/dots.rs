//! Inner products of one vector with many rows of half bytes, as fast as the processor can: the loop that a search waits
//! for.
//!
//! It is plain Rust, compiled for processors of three ages, and once written for those that multiply bytes and add them up
//! in one instruction; the newest that this processor has is taken.

/// A vector to be multiplied with packed rows: in bytes, and apart as the dimensions lie in a row's bytes.
#[derive(Debug)]
pub(super) struct Factors {
    /// For the lower halves of a row's bytes.
    pub(super) low: Vec<i8>,
    /// For the upper halves; as long, with a zero at the end where the width is odd.
    pub(super) high: Vec<i8>,
}

const CACHE_LINE_BYTES: usize = 64;
/// How far ahead of the products memory is asked: a page, which is more than it delivers during a wait for it.
const AHEAD_BYTES: usize = 4_096;

/// Appends the inner product of `factors` with each row to `out`. Rows lie end to end, each with as many bytes as there
/// are low factors, fewer than 2¹⁶, so that no sum leaves 32 bits.
pub(super) fn dots(factors: &Factors, rows: &[u8], out: &mut Vec<i32>) {
    #[cfg(target_arch = "x86_64")]
    {
        let is_avx512 = is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl");
        #[allow(
            unsafe_code,
            reason = "the processor is asked for exactly the instructions that are then used"
        )]
        // SAFETY: each of these functions is unsafe to call only where the processor lacks the instructions it was
        // compiled to, and the condition before it asked for them.
        unsafe {
            if is_avx512 && is_x86_feature_detected!("avx512vnni") {
                return avx512vnni(factors, rows, out);
            }
            if is_avx512 {
                return avx512(factors, rows, out);
            }
            if is_x86_feature_detected!("avx2") {
                return avx2(factors, rows, out);
            }
        }
    }
    plain(factors, rows, out);
}

/// Asks memory for bytes that are needed soon. The processor does so by itself only up to the end of a page, which
/// a few rows are, and to wait at the start of each takes as long as all products.
#[inline(always)]
pub(super) fn ask_for<T>(bytes: &[T]) {
    const { assert!(size_of::<T>() == 1) }
    for line in bytes.chunks(CACHE_LINE_BYTES) {
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code, reason = "a hint to the processor, which reads nothing")]
        // SAFETY: every processor of this kind has the instruction; it never fails and changes nothing.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = line;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn avx512vnni(factors: &Factors, rows: &[u8], out: &mut Vec<i32>) {
    use std::arch::x86_64::*;
    const BYTES: usize = 64;
    let width = factors.low.len();
    let whole = width - width % BYTES;
    let half = _mm512_set1_epi8(0x0f);
    out.reserve(rows.len() / width);
    for (number, row) in rows.chunks_exact(width).enumerate() {
        ask_for_row(rows, number * width + AHEAD_BYTES, width);
        let (mut low, mut high) = (_mm512_setzero_si512(), _mm512_setzero_si512());
        for at in (0..whole).step_by(BYTES) {
            #[allow(unsafe_code, reason = "vectors are loaded through pointers")]
            // SAFETY: 64 bytes from `at` on lie within the row and within both factors, which are as long as it, since
            // `at` is below `whole` and both are multiples of 64; a load needs no alignment.
            let (bytes, low_factors, high_factors) = unsafe {
                (
                    _mm512_loadu_si512(row.as_ptr().add(at).cast()),
                    _mm512_loadu_si512(factors.low.as_ptr().add(at).cast()),
                    _mm512_loadu_si512(factors.high.as_ptr().add(at).cast()),
                )
            };
            let upper = _mm512_srli_epi16::<4>(bytes);
            low = _mm512_dpbusd_epi32(low, _mm512_and_si512(bytes, half), low_factors);
            high = _mm512_dpbusd_epi32(high, _mm512_and_si512(upper, half), high_factors);
        }
        let rest = dot(&factors.low[whole..], &factors.high[whole..], &row[whole..]);
        out.push(_mm512_reduce_add_epi32(_mm512_add_epi32(low, high)) + rest);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn avx512(factors: &Factors, rows: &[u8], out: &mut Vec<i32>) {
    plain(factors, rows, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(factors: &Factors, rows: &[u8], out: &mut Vec<i32>) {
    plain(factors, rows, out);
}

#[inline(always)]
fn plain(factors: &Factors, rows: &[u8], out: &mut Vec<i32>) {
    let width = factors.low.len();
    out.reserve(rows.len() / width);
    for (number, row) in rows.chunks_exact(width).enumerate() {
        ask_for_row(rows, number * width + AHEAD_BYTES, width);
        out.push(dot(&factors.low, &factors.high, row));
    }
}

#[inline(always)]
fn ask_for_row(rows: &[u8], from: usize, width: usize) {
    if let Some(row) = rows.get(from..from + width) {
        ask_for(row);
    }
}

/// Written without closures, since one may be compiled by itself, and then for the oldest processor.
#[inline(always)]
fn dot(low_factors: &[i8], high_factors: &[i8], row: &[u8]) -> i32 {
    let (mut low, mut high) = (0, 0);
    for (factor, byte) in low_factors.iter().zip(row) {
        low += i32::from(*factor) * i32::from(byte & 0x0f);
    }
    for (factor, byte) in high_factors.iter().zip(row) {
        high += i32::from(*factor) * i32::from(byte >> 4);
    }
    low + high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_gives_the_same_sums() {
        for width in [1, 17, 64, 100, 192, 768] {
            let factors = |step: usize| -> Vec<i8> {
                let bytes = (0..width).map(|at| u8::try_from(at * step % 255).unwrap());
                bytes.map(u8::cast_signed).collect()
            };
            let factors = Factors {
                low: factors(37),
                high: factors(53),
            };
            let rows: Vec<u8> = (0..width * 50)
                .map(|at| u8::try_from(at * 91 % 256).unwrap())
                .collect();
            let (mut fast, mut slow) = (Vec::new(), Vec::new());
            dots(&factors, &rows, &mut fast);
            plain(&factors, &rows, &mut slow);
            let by_hand: i32 = (0..width)
                .map(|at| {
                    let byte = i32::from(rows[width + at]);
                    i32::from(factors.low[at]) * (byte % 16) + i32::from(factors.high[at]) * (byte / 16)
                })
                .sum();
            assert_eq!((fast.len(), &fast, fast[1]), (50, &slow, by_hand), "{width}");
        }
    }
}
