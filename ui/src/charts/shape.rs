//! A drawn chart as plain data: shapes with class names, and the frame that maps values to pixels.

/// How many of plotters' whole pixels make one of ours; lines get fractions of a pixel from it.
pub const FINENESS: u32 = 4;
/// Series beyond this many share colours, so charts draw only this many.
pub const MOST_SERIES: usize = 8;

/// What something is drawn as. The style sheet knows the colours; the charts never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Grid,
    Axis,
    Label,
    /// A series by position.
    Series(u8),
}

impl Ink {
    /// The class the style sheet colours.
    #[must_use]
    pub fn class(self) -> String {
        match self {
            Ink::Grid => "ink-grid".to_owned(),
            Ink::Axis => "ink-axis".to_owned(),
            Ink::Label => "ink-label".to_owned(),
            Ink::Series(index) => format!("ink-series ink-s{}", usize::from(index) % MOST_SERIES),
        }
    }

    /// The colour that carries this ink through plotters.
    #[must_use]
    pub fn to_rgb(self) -> (u8, u8, u8) {
        match self {
            Ink::Grid => (1, 0, 0),
            Ink::Axis => (2, 0, 0),
            Ink::Label => (3, 0, 0),
            Ink::Series(index) => (0, 1, index),
        }
    }

    /// Reads what [`Ink::to_rgb`] writes.
    #[must_use]
    pub fn from_rgb(rgb: (u8, u8, u8)) -> Ink {
        match rgb {
            (1, ..) => Ink::Grid,
            (2, ..) => Ink::Axis,
            (0, 1, index) => Ink::Series(index),
            _ => Ink::Label,
        }
    }
}

/// Where a text is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    /// The value of SVG's `text-anchor`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        }
    }
}

/// One node of the picture. Lengths are pixels.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Path {
        d: String,
        ink: Ink,
        /// An area instead of a line.
        is_filled: bool,
    },
    Dot {
        x: f64,
        y: f64,
        radius: f64,
        ink: Ink,
    },
    Text {
        x: f64,
        y: f64,
        anchor: Anchor,
        text: String,
        ink: Ink,
    },
}

/// The plot's inside in pixels and what its edges mean.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Frame {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    /// Value at the top edge; the bottom edge is zero.
    pub y_max: f64,
    pub buckets: usize,
}

impl Frame {
    /// Middle of a bucket in pixels.
    #[must_use]
    pub fn x_of(&self, index: usize) -> f64 {
        let width = (self.right - self.left) / self.buckets.max(1) as f64;
        self.left + width * (index as f64 + 0.5)
    }

    /// The bucket under a pixel, held inside the plot; none when there are no buckets.
    #[must_use]
    pub fn index_at(&self, x: f64) -> Option<usize> {
        let last = self.buckets.checked_sub(1)?;
        let share = (x - self.left) / (self.right - self.left).max(1.0);
        Some(((share * self.buckets as f64).max(0.0) as usize).min(last))
    }

    /// Height of a value in pixels.
    #[must_use]
    pub fn y_of(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * value / self.y_max.max(f64::MIN_POSITIVE)
    }
}

/// A whole picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drawing {
    pub shapes: Vec<Shape>,
    pub frame: Frame,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inks_survive_plotters_colours() {
        for ink in [Ink::Grid, Ink::Axis, Ink::Label, Ink::Series(0), Ink::Series(7)] {
            assert_eq!(Ink::from_rgb(ink.to_rgb()), ink);
        }
    }

    #[test]
    fn pixels_and_buckets_agree() {
        let frame = Frame {
            left: 50.0,
            right: 450.0,
            top: 10.0,
            bottom: 210.0,
            y_max: 100.0,
            buckets: 40,
        };
        for index in [0, 1, 20, 39] {
            assert_eq!(frame.index_at(frame.x_of(index)), Some(index));
        }
        assert_eq!(frame.index_at(-10.0), Some(0));
        assert_eq!(frame.index_at(9_999.0), Some(39));
        assert_eq!(Frame::default().index_at(3.0), None);
        assert!((frame.y_of(50.0) - 110.0).abs() < 1e-9);
    }
}
