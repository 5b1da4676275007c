//! The browser's clock and zone: the only place that asks them.

use crate::local_time;

/// UNIX milliseconds now.
#[must_use]
pub fn now_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// Minutes east of Greenwich at that moment, daylight saving included.
#[must_use]
pub fn offset_minutes(ms: i64) -> i64 {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(ms as f64));
    -(date.get_timezone_offset() as i64)
}

/// `21 Nov 14:03:10` on the viewer's wall clock.
#[must_use]
pub fn moment(ms: i64) -> String {
    local_time::day_and_clock(ms, offset_minutes(ms))
}

/// The zone as an offset: `UTC+02:00`.
#[must_use]
pub fn zone_name(ms: i64) -> String {
    let offset = offset_minutes(ms);
    let sign = if offset < 0 { '−' } else { '+' };
    if offset == 0 {
        "UTC".to_owned()
    } else {
        format!("UTC{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)
    }
}
