//! JSON lines: an object a row, its keys in the order of the columns. Amounts and quantities are texts, so that no digit is lost.

use super::csv::plain;
use super::sheet::{Cell, Column, ColumnKind, Sink};
use std::io::{self, Write};

#[derive(Debug)]
pub struct JsonLines<W: Write> {
    out: W,
    columns: Vec<Column>,
}

impl<W: Write> JsonLines<W> {
    pub fn begin(out: W, columns: &[Column]) -> JsonLines<W> {
        JsonLines { out, columns: columns.to_vec() }
    }
}

impl<W: Write> Sink for JsonLines<W> {
    fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        assert_eq!(cells.len(), self.columns.len(), "a row has a cell for each column");
        let mut line = String::from("{");
        for (place, (cell, column)) in cells.iter().zip(&self.columns).enumerate() {
            if place > 0 {
                line.push(',');
            }
            line.push_str(&quoted(column.name));
            line.push(':');
            match (cell, column.kind) {
                (Cell::Nothing, _) => line.push_str("null"),
                (Cell::Truth(_) | Cell::Whole(_), _) => line.push_str(&plain(cell, column.kind)),
                // Such a text is one that we wrote.
                (Cell::Text(object), ColumnKind::Object) => line.push_str(object),
                _ => line.push_str(&quoted(&plain(cell, column.kind))),
            }
        }
        line.push_str("}\n");
        self.out.write_all(line.as_bytes())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn a_line_is_an_object_and_no_digit_is_lost() {
        let columns = [
            Column::text("name"),
            Column::money("net", Currency::parse("EUR").unwrap()),
            Column::object("labels"),
            Column::whole("number"),
            Column::truth("correction"),
        ];
        let mut out = Vec::new();
        let mut lines = JsonLines::begin(&mut out, &columns);
        let labels = "{\"team\":\"蓝 €\"}";
        let row = [Cell::text("\"a\"\n"), Cell::units(1), Cell::text(labels), Cell::Whole(7), Cell::Truth(false)];
        lines.row(&row).unwrap();
        lines.row(&[Cell::Nothing, Cell::Nothing, Cell::Nothing, Cell::Nothing, Cell::Truth(true)]).unwrap();
        lines.finish().unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"name\":\"\\\"a\\\"\\n\",\"net\":\"0.00000001\",\"labels\":{\"team\":\"蓝 €\"},\"number\":7,\"correction\":false}\n\
             {\"name\":null,\"net\":null,\"labels\":null,\"number\":null,\"correction\":true}\n"
        );
    }
}
