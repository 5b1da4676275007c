//! Draws one chart's data with plotters: stacked bars for money, lines for everything else.

use super::{
    axis::Axis,
    backend::ShapeBackend,
    scale::{AxisText, scale},
    shape::{Anchor, Drawing, FINENESS, Frame, Ink, Shape},
    ticks,
};
use plotters::{
    chart::{ChartBuilder, LabelAreaPosition},
    element::{Circle, PathElement, Rectangle},
    prelude::{IntoDrawingArea, IntoFont, RGBColor},
    style::{ShapeStyle, TRANSPARENT},
};
use std::convert::Infallible;
use weir_contract::model::chart::{ChartData, ChartKind, Series};

/// Height of every chart's picture in pixels; fixed so that nothing jumps.
pub const HEIGHT: u32 = 216;
const LEFT_LABELS: u32 = 58;
const BOTTOM_LABELS: u32 = 26;
const MARGIN: u32 = 10;
const FONT: u32 = 11;
/// Room a label on the time axis needs.
const LABEL_WIDTH: u32 = 84;

type Failure = plotters::drawing::DrawingAreaErrorKind<Infallible>;

/// Draws the series that `is_shown` lets through; positions keep their colours.
#[must_use]
pub fn draw(data: &ChartData, width: u32, offset_minutes: i64, is_shown: impl Fn(&str) -> bool) -> Drawing {
    let shown: Vec<(usize, &Series)> = data
        .series
        .iter()
        .enumerate()
        .take(super::shape::MOST_SERIES)
        .filter(|(_, series)| is_shown(&series.name))
        .collect();
    let mut shapes: Vec<Shape> = Vec::new();
    let frame = render(data, &shown, width.max(200), offset_minutes, &mut shapes).unwrap_or_default();
    shapes.iter_mut().for_each(stand_off);
    Drawing { shapes, frame }
}

/// Moves labels a little away from the axis; plotters could do it only by drawing tick marks.
fn stand_off(shape: &mut Shape) {
    match shape {
        Shape::Text {
            x,
            anchor: Anchor::End,
            ..
        } => *x -= 8.0,
        Shape::Text {
            y,
            anchor: Anchor::Middle,
            ..
        } => *y += 7.0,
        _ => {}
    }
}

fn rgb(ink: Ink) -> RGBColor {
    let (red, green, blue) = ink.to_rgb();
    RGBColor(red, green, blue)
}

fn render(
    data: &ChartData,
    shown: &[(usize, &Series)],
    width: u32,
    offset_minutes: i64,
    shapes: &mut Vec<Shape>,
) -> Result<Frame, Failure> {
    let (step, y_max) = scale(data, shown);
    let axis_text = AxisText::of(data.kind, step, y_max);
    let buckets = data.buckets.max(1) as f64;
    let span_ms = data.bucket_ms * data.buckets as i64;
    let to_ms = data.from_ms + span_ms;
    let bucket_of = |ms: i64| (ms - data.from_ms) as f64 / data.bucket_ms.max(1) as f64;
    let most = i64::from(width.saturating_sub(LEFT_LABELS) / LABEL_WIDTH);
    let times = ticks::moments(data.from_ms, to_ms, most, offset_minutes)
        .into_iter()
        .map(bucket_of)
        .collect();
    let root = ShapeBackend::new(width, HEIGHT, shapes).into_drawing_area();
    let mut chart = ChartBuilder::on(&root)
        .margin_top(MARGIN * FINENESS)
        .margin_right(MARGIN * FINENESS)
        .set_label_area_size(LabelAreaPosition::Left, LEFT_LABELS * FINENESS)
        .set_label_area_size(LabelAreaPosition::Bottom, BOTTOM_LABELS * FINENESS)
        .build_cartesian_2d(
            Axis {
                top: buckets,
                labels_at: times,
            },
            Axis {
                top: y_max,
                labels_at: ticks::steps(step, y_max),
            },
        )?;
    let moment = |bucket: &f64| {
        let at_ms = data.from_ms + (bucket * data.bucket_ms as f64).round() as i64;
        ticks::moment_label(at_ms, span_ms, offset_minutes)
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(64)
        .y_labels(16)
        .light_line_style(TRANSPARENT)
        .bold_line_style(rgb(Ink::Grid))
        .axis_style(rgb(Ink::Axis))
        .set_all_tick_mark_size(0)
        .label_style(
            ("sans-serif", FONT * FINENESS)
                .into_font()
                .color(&rgb(Ink::Label)),
        )
        .x_label_formatter(&moment)
        .y_label_formatter(&|value| axis_text.at(*value))
        .draw()?;
    if data.kind == ChartKind::Cost {
        chart.draw_series(bars(
            data.buckets,
            shown,
            (width - LEFT_LABELS) / data.buckets.max(1) as u32,
        ))?;
    } else {
        for (position, series) in shown {
            let style = ShapeStyle::from(rgb(Ink::Series(*position as u8)));
            for run in runs(&series.values) {
                match run.as_slice() {
                    [(x, y)] => chart
                        .draw_series([Circle::new((*x, y.min(y_max)), 2 * FINENESS, style.filled())])
                        .map(|_| ())?,
                    _ => chart.draw_series([PathElement::new(run, style)]).map(|_| ())?,
                }
            }
        }
    }
    let (across, down) = chart.plotting_area().get_pixel_range();
    let pixels = |value: i32| f64::from(value) / f64::from(FINENESS);
    Ok(Frame {
        left: pixels(across.start),
        right: pixels(across.end),
        top: pixels(down.start),
        bottom: pixels(down.end),
        y_max,
        buckets: data.buckets,
    })
}

/// One bar per bucket and series, standing on the series before.
fn bars(buckets: usize, shown: &[(usize, &Series)], bar_width: u32) -> Vec<Rectangle<(f64, f64)>> {
    let gap = if bar_width >= 4 { FINENESS / 2 } else { 0 };
    let mut base = vec![0.0; buckets];
    let mut out = Vec::new();
    for (position, series) in shown {
        let style = ShapeStyle::from(rgb(Ink::Series(*position as u8))).filled();
        for (index, value) in series.values.iter().enumerate().take(buckets) {
            let value = value.unwrap_or(0.0);
            if value > 0.0 {
                let x = index as f64;
                let mut bar = Rectangle::new([(x, base[index] + value), (x + 1.0, base[index])], style);
                bar.set_margin(0, 0, gap, gap);
                out.push(bar);
                base[index] += value;
            }
        }
    }
    out
}

/// Unbroken stretches of values as points in the middle of their buckets.
fn runs(values: &[Option<f64>]) -> Vec<Vec<(f64, f64)>> {
    let mut runs: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for (index, value) in values.iter().enumerate() {
        match (value, runs.last_mut()) {
            (Some(value), Some(run)) => run.push((index as f64 + 0.5, *value)),
            (None, Some(run)) if !run.is_empty() => runs.push(Vec::new()),
            _ => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(kind: ChartKind) -> ChartData {
        let series = |name: &str, value: f64| Series {
            name: name.to_owned(),
            values: vec![Some(value), None, Some(value * 2.0)],
        };
        ChartData {
            kind,
            from_ms: 1_709_164_800_000,
            bucket_ms: 3_600_000,
            buckets: 3,
            series: vec![series("a", 1.0), series("b", 3.0)],
        }
    }

    #[test]
    fn gaps_break_a_line() {
        assert_eq!(
            runs(&[Some(1.0), None, Some(2.0), Some(3.0)]),
            [vec![(0.5, 1.0)], vec![(2.5, 2.0), (3.5, 3.0)]]
        );
        assert!(runs(&[None, None]).is_empty());
    }

    #[test]
    fn a_hidden_series_is_not_drawn_and_labels_carry_units() {
        let drawing = draw(&data(ChartKind::Latency), 600, 0, |name| name == "b");
        let inks: Vec<Ink> = drawing
            .shapes
            .iter()
            .map(|shape| match shape {
                Shape::Path { ink, .. } | Shape::Dot { ink, .. } | Shape::Text { ink, .. } => *ink,
            })
            .collect();
        assert!(inks.contains(&Ink::Series(1)) && !inks.contains(&Ink::Series(0)));
        assert!(
            drawing
                .shapes
                .iter()
                .any(|shape| matches!(shape, Shape::Text { text, .. } if text.ends_with("\u{a0}ms")))
        );
        assert!(
            drawing
                .shapes
                .iter()
                .any(|shape| matches!(shape, Shape::Text { text, .. } if text.ends_with(":00")))
        );
    }

    #[test]
    fn stacked_bars_stay_inside_the_frame() {
        let drawing = draw(&data(ChartKind::Cost), 600, 0, |_| true);
        assert!(drawing.frame.y_max >= 8.0);
        assert_eq!(drawing.frame.buckets, 3);
        assert!(drawing.frame.left > 40.0 && drawing.frame.right > 500.0);
        let areas = drawing
            .shapes
            .iter()
            .filter(|shape| matches!(shape, Shape::Path { is_filled: true, .. }))
            .count();
        assert_eq!(areas, 2, "one path per series");
    }

    #[test]
    fn no_data_still_draws_axes() {
        let empty = ChartData {
            series: Vec::new(),
            ..data(ChartKind::HitRate)
        };
        assert!(!draw(&empty, 300, 0, |_| true).shapes.is_empty());
    }
}
