//! What is drawn: inline SVG without script or style, its colours by classes. Geometry only; what it shows is the pages'.
//!
//! Plots are drawn in percent of their width, so that they fill any page without their text being stretched. An axis holds zero and
//! has at most five gridlines; hovering or focussing a day shows its exact row; a table below has the same numbers.

mod axis;
mod bars;
mod composition;
mod line;
pub(crate) mod qr;

pub(crate) use bars::{Bars, BarsOf, SERIES_MAX, bars};
pub(crate) use composition::{Composition, composition};
pub(crate) use line::{Ahead, DayEnd, Line, LineOf, line};
