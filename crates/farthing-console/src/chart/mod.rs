//! What is drawn: inline SVG without script or style, its colours by classes. Geometry only; what it shows is the pages'.

pub(crate) mod balance_line;
pub(crate) mod qr;
