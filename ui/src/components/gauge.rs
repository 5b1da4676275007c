//! A bar of what is spent and what is held, against a limit.

use leptos::prelude::*;

/// Widths of the two bars in percent of the track, never past its end.
#[must_use]
pub fn widths(spent: i64, reserved: i64, limit: i64) -> (f64, f64) {
    if limit <= 0 {
        return (0.0, 0.0);
    }
    let share = |part: i64| (part.max(0) as f64 / limit as f64 * 100.0).min(100.0);
    let spent = share(spent);
    (spent, share(reserved).min(100.0 - spent))
}

/// The class of a gauge's surroundings, so that bar and legend share one colour: full, past the alert, or calm.
#[must_use]
pub fn tone(parts: (i64, i64, i64), alert_percent: u8) -> &'static str {
    let (spent, reserved) = widths(parts.0, parts.1, parts.2);
    if spent + reserved >= 99.95 {
        "full"
    } else if spent + reserved >= f64::from(alert_percent) {
        "alert"
    } else {
        "calm"
    }
}

/// The bar; `alert_percent` marks where attention starts.
#[component]
pub fn Gauge(
    #[prop(into)] parts: Signal<(i64, i64, i64)>,
    #[prop(into)] alert_percent: Signal<u8>,
    #[prop(into)] label: Signal<String>,
) -> impl IntoView {
    let shown = move || {
        let (spent, reserved, limit) = parts.get();
        widths(spent, reserved, limit)
    };
    view! {
        <div class="gauge" role="img" aria-label=move || label.get()>
            <div class="gauge-spent" style:width=move || format!("{:.2}%", shown().0)></div>
            <div class="gauge-reserved" style:width=move || format!("{:.2}%", shown().1)></div>
            <div class="gauge-mark" style:left=move || format!("{}%", alert_percent.get().min(100))></div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::{tone, widths};

    #[test]
    fn bars_never_leave_the_track() {
        assert_eq!(widths(50, 25, 100), (50.0, 25.0));
        assert_eq!(widths(150, 25, 100), (100.0, 0.0));
        assert_eq!(widths(90, 25, 100), (90.0, 10.0));
        assert_eq!(widths(1, 1, 0), (0.0, 0.0));
        assert_eq!(widths(-5, 0, 100), (0.0, 0.0));
    }

    #[test]
    fn the_tone_follows_what_is_spent_and_held() {
        assert_eq!(tone((50, 25, 100), 80), "calm");
        assert_eq!(tone((50, 30, 100), 80), "alert");
        assert_eq!(tone((100, 0, 100), 80), "full");
        assert_eq!(tone((0, 0, 0), 80), "calm");
    }
}
