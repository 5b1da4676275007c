//! A plotters backend that collects [`Shape`]s instead of writing markup, so that a chart can become views.

use super::shape::{Anchor, FINENESS, Ink, Shape};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    text_anchor::{HPos, VPos},
};
use std::convert::Infallible;
use std::fmt::Write;

/// Collects into a borrowed list; plotters consumes the backend, the list stays.
pub struct ShapeBackend<'a> {
    size: (u32, u32),
    shapes: &'a mut Vec<Shape>,
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl<'a> ShapeBackend<'a> {
    /// A canvas of this many pixels.
    pub fn new(width: u32, height: u32, shapes: &'a mut Vec<Shape>) -> ShapeBackend<'a> {
        ShapeBackend {
            size: (width * FINENESS, height * FINENESS),
            shapes,
        }
    }

    /// Appends to the path before when it has the same ink, so that a hundred bars are one node.
    fn path(&mut self, d: String, ink: Ink, is_filled: bool) {
        if let Some(Shape::Path {
            d: last,
            ink: last_ink,
            is_filled: was_filled,
        }) = self.shapes.last_mut()
            && (*last_ink, *was_filled) == (ink, is_filled)
        {
            last.push_str(&d);
        } else {
            self.shapes.push(Shape::Path { d, ink, is_filled });
        }
    }
}

fn pixels(value: i32) -> f64 {
    f64::from(value) / f64::from(FINENESS)
}

fn ink(color: BackendColor) -> Ink {
    Ink::from_rgb(color.rgb)
}

fn path(points: impl IntoIterator<Item = BackendCoord>, end: &str) -> String {
    let mut d = String::new();
    for (index, (x, y)) in points.into_iter().enumerate() {
        let verb = if index == 0 { 'M' } else { 'L' };
        // Writing to a string cannot fail.
        let _ = write!(d, "{verb}{} {}", pixels(x), pixels(y));
    }
    d.push_str(end);
    d
}

impl DrawingBackend for ShapeBackend<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, _point: BackendCoord, _color: BackendColor) -> Drawn {
        // Nothing here is drawn pixel by pixel; plotters' own fall-backs are all overridden below.
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        if style.color().alpha > 0.0 {
            self.path(path([from, to], ""), ink(style.color()), false);
        }
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        if style.color().alpha > 0.0 && upper_left.1 != bottom_right.1 {
            let ((left, top), (right, bottom)) = (upper_left, bottom_right);
            let d = path([(left, top), (right, top), (right, bottom), (left, bottom)], "Z");
            self.path(d, ink(style.color()), fill);
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Drawn {
        if style.color().alpha > 0.0 {
            self.path(path(points, ""), ink(style.color()), false);
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Drawn {
        if style.color().alpha > 0.0 {
            self.path(path(points, "Z"), ink(style.color()), true);
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        _fill: bool,
    ) -> Drawn {
        let radius = f64::from(radius) / f64::from(FINENESS);
        self.shapes.push(Shape::Dot {
            x: pixels(center.0),
            y: pixels(center.1),
            radius,
            ink: ink(style.color()),
        });
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        let anchor = match style.anchor().h_pos {
            HPos::Left => Anchor::Start,
            HPos::Center => Anchor::Middle,
            HPos::Right => Anchor::End,
        };
        // SVG places the baseline; these shares of the size are where it lies in a common sans-serif.
        let size = style.size() / f64::from(FINENESS);
        let drop = match style.anchor().v_pos {
            VPos::Top => 0.8 * size,
            VPos::Center => 0.35 * size,
            VPos::Bottom => 0.0,
        };
        let (x, y) = (pixels(at.0), pixels(at.1) + drop);
        self.shapes.push(Shape::Text {
            x,
            y,
            anchor,
            text: text.to_owned(),
            ink: ink(style.color()),
        });
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        // Digits are a little wider than half their height; labels need no more precision than that.
        let width = text.chars().count() as f64 * style.size() * 0.56;
        Ok((width as u32, style.size() as u32))
    }
}
