//! The four charts: plotters computes, [`backend::ShapeBackend`] collects shapes, [`picture`] shows and reads them out.

pub mod axis;
pub mod backend;
pub mod drill;
pub mod figure;
pub mod legend;
pub mod picture;
pub mod plot;
pub mod reading;
pub mod scale;
pub mod shape;
pub mod summary;
pub mod table;
pub mod ticks;

pub use figure::ChartFigure;
