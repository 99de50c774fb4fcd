//! Exports as Parquet: columns and cells of core's `export`, written row group by row group.
//!
//! Amounts and quantities are DECIMAL(38): exact, as they are in the books. Times are microseconds in UTC. What is in memory is one row group.
//! Only here is anything a floating-point number, where a column says that its readers want one (FOCUS): a double holds amounts of up to
//! 15 digits, which is ninety million in a currency with eight decimals.

use bytes::Bytes;
use farthing_core::export::{Cell, Column, ColumnKind, Sink, decimal};
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

/// Rows of a row group.
const GROUP: usize = 16_384;
/// Digits of a decimal: as many as there are.
const PRECISION: i32 = 38;
const DECIMAL_BYTES: i32 = 16;

/// A file that is being written. It is no Parquet before it is finished.
pub struct Parquet<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Column>,
    /// Rows that wait for their group to be full.
    rows: Vec<Vec<Cell>>,
}

impl<W: Write + Send> Parquet<W> {
    pub fn begin(out: W, columns: &[Column]) -> io::Result<Parquet<W>> {
        let fields = columns.iter().map(field_of).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let schema = Type::group_type_builder("export").with_fields(fields).build().map_err(failed)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("Farthing ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).map_err(failed)?;
        Ok(Parquet { writer, columns: columns.to_vec(), rows: Vec::with_capacity(GROUP) })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        let mut group = self.writer.next_row_group()?;
        for (place, column) in self.columns.iter().enumerate() {
            write_column(&mut group, column, rows.iter().map(|row| &row[place]))?;
        }
        group.close()?;
        self.rows = rows;
        self.rows.clear();
        Ok(())
    }
}

impl<W: Write + Send> Sink for Parquet<W> {
    fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        assert_eq!(cells.len(), self.columns.len(), "a row has a cell for each column");
        self.rows.push(cells.to_vec());
        if self.rows.len() < GROUP { Ok(()) } else { self.write_group().map_err(failed) }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.write_group().map_err(failed)?;
        self.writer.finish().map_err(failed)?;
        self.writer.inner_mut().flush()
    }
}

impl<W: Write + Send> fmt::Debug for Parquet<W> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Parquet({} columns)", self.columns.len())
    }
}

fn field_of(column: &Column) -> Result<Arc<Type>, ParquetError> {
    let physical = match column.kind {
        ColumnKind::Text | ColumnKind::Object => Physical::BYTE_ARRAY,
        ColumnKind::Decimal { .. } => Physical::FIXED_LEN_BYTE_ARRAY,
        ColumnKind::Number { .. } => Physical::DOUBLE,
        ColumnKind::Whole | ColumnKind::Time => Physical::INT64,
        ColumnKind::Truth => Physical::BOOLEAN,
    };
    let field = Type::primitive_type_builder(column.name, physical).with_repetition(Repetition::OPTIONAL);
    let field = match column.kind {
        ColumnKind::Text | ColumnKind::Object => {
            field.with_logical_type(Some(LogicalType::String)).with_converted_type(ConvertedType::UTF8)
        }
        ColumnKind::Decimal { scale } => {
            let scale = i32::try_from(scale).map_err(|_| ParquetError::General("a scale beyond reason".to_owned()))?;
            field
                .with_length(DECIMAL_BYTES)
                .with_logical_type(Some(LogicalType::decimal(scale, PRECISION)))
                .with_precision(PRECISION)
                .with_scale(scale)
        }
        ColumnKind::Time => field.with_logical_type(Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        ColumnKind::Number { .. } | ColumnKind::Whole | ColumnKind::Truth => field,
    };
    Ok(Arc::new(field.build()?))
}

fn write_column<'c, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: &Column,
    cells: impl Iterator<Item = &'c Cell> + Clone,
) -> Result<(), ParquetError> {
    let missing = || ParquetError::General(format!("the schema has no column {}", column.name));
    let mut writer = group.next_column()?.ok_or_else(missing)?;
    let levels: Vec<i16> = cells.clone().map(|cell| i16::from(*cell != Cell::Nothing)).collect();
    let cells = cells.filter(|cell| **cell != Cell::Nothing);
    let wrong = |cell: &Cell| ParquetError::General(format!("column {} holds {cell:?}", column.name));
    match column.kind {
        ColumnKind::Text | ColumnKind::Object => {
            let values = cells.map(|cell| match cell {
                Cell::Text(text) => Ok(ByteArray::from(text.as_str())),
                other => Err(wrong(other)),
            });
            let values = values.collect::<Result<Vec<_>, _>>()?;
            writer.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?;
        }
        ColumnKind::Decimal { .. } => {
            let values = cells.map(|cell| match cell {
                Cell::Decimal(digits) => Ok(fixed(*digits)),
                other => Err(wrong(other)),
            });
            let values = values.collect::<Result<Vec<_>, _>>()?;
            writer.typed::<FixedLenByteArrayType>().write_batch(&values, Some(&levels), None)?;
        }
        ColumnKind::Number { scale } => {
            let values = cells.map(|cell| match cell {
                Cell::Decimal(digits) => decimal(*digits, scale, 0).parse::<f64>().map_err(|_| wrong(cell)),
                other => Err(wrong(other)),
            });
            let values = values.collect::<Result<Vec<_>, _>>()?;
            writer.typed::<DoubleType>().write_batch(&values, Some(&levels), None)?;
        }
        ColumnKind::Whole | ColumnKind::Time => {
            let values = cells.map(|cell| match cell {
                Cell::Whole(number) => Ok(*number),
                Cell::Time(at) => Ok(at.micros()),
                other => Err(wrong(other)),
            });
            let values = values.collect::<Result<Vec<_>, _>>()?;
            writer.typed::<Int64Type>().write_batch(&values, Some(&levels), None)?;
        }
        ColumnKind::Truth => write_truths(&mut writer, cells, &levels, wrong)?,
    }
    writer.close()
}

fn write_truths<'c>(
    writer: &mut SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = &'c Cell>,
    levels: &[i16],
    wrong: impl Fn(&Cell) -> ParquetError,
) -> Result<(), ParquetError> {
    let values = cells.map(|cell| match cell {
        Cell::Truth(truth) => Ok(*truth),
        other => Err(wrong(other)),
    });
    let values = values.collect::<Result<Vec<_>, _>>()?;
    writer.typed::<BoolType>().write_batch(&values, Some(levels), None)?;
    Ok(())
}

fn fixed(digits: i128) -> FixedLenByteArray {
    FixedLenByteArray::from(ByteArray::from(Bytes::copy_from_slice(&digits.to_be_bytes())))
}

fn failed(error: ParquetError) -> io::Error {
    io::Error::other(error)
}
