//! Exports: what was charged and what was billed, as rows that other programs read.
//!
//! Pure: which columns an export has, what stands in them, and how rows are written as CSV and as JSON lines. Parquet is a crate of its
//! own, because what writes it is heavy; it takes the same columns and cells. Reading is the engine's.

mod csv;
mod detail;
mod focus;
mod had;
mod job;
mod json;
mod sheet;

pub use csv::Csv;
pub use detail::{DETAIL_LABELS, DetailRow, LineRow, detail_columns, document_columns, line_columns};
pub use focus::{FocusCategory, FocusRow, focus_columns};
pub use had::{Had, quantity_for};
pub use job::{ExportId, ExportState, ExportWhat, FileFormat, LINK_DAYS, LinkId, LinkText, export_name};
pub use json::JsonLines;
pub use sheet::{Cell, Column, ColumnKind, Sink, decimal};
