//! Makes files of each format that exports are written in.

use farthing_core::export::{Column, Csv, FileFormat, JsonLines, Sink};
use farthing_engine::SheetMaker;
use farthing_export::Parquet;
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// Whatever there is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sheets;

impl SheetMaker for Sheets {
    fn make(&self, format: FileFormat, columns: &[Column], spreadsheet: bool, file: File) -> io::Result<Box<dyn Sink>> {
        sheet(format, columns, spreadsheet, BufWriter::with_capacity(256 * 1024, file))
    }
}

/// `spreadsheet`: for people rather than for programs.
pub fn sheet<W: Write + Send + 'static>(
    format: FileFormat,
    columns: &[Column],
    spreadsheet: bool,
    out: W,
) -> io::Result<Box<dyn Sink>> {
    Ok(match format {
        FileFormat::Csv => Box::new(Csv::begin(out, columns, spreadsheet)?),
        FileFormat::Json => Box::new(JsonLines::begin(out, columns)),
        FileFormat::Parquet => Box::new(Parquet::begin(out, columns)?),
    })
}
