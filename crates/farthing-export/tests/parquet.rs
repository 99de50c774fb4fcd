//! A stranger reads what we write: Apache's own reader in Python.

use farthing_core::export::{Cell, Column, ColumnKind, Sink as _};
use farthing_core::money::Currency;
use farthing_core::time::Instant;
use farthing_export::Parquet;
use farthing_testbed::{ScratchDir, python};
use std::fs::File;
use std::path::Path;
use std::process::Command;

fn read_back(path: &Path) -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let python = python(&here.join("requirements.txt"));
    let output = Command::new(python).arg(here.join("read_back.py")).arg(path).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn every_kind_of_cell_comes_back_to_the_last_digit() {
    let columns = [
        Column::text("name"),
        Column::money("net", Currency::USD),
        Column { name: "cost", kind: ColumnKind::Number { scale: 8 } },
        Column::whole("number"),
        Column::time("at"),
        Column::truth("late"),
        Column::object("labels"),
    ];
    let folder = ScratchDir::new("parquet");
    let path = folder.join("rows.parquet");
    let mut sheet = Parquet::begin(File::create(&path).unwrap(), &columns).unwrap();
    let full = [
        Cell::text("深势 ¥€ 👩‍🔬"),
        Cell::Decimal(-123_456_789_012_345_678_901_234),
        Cell::units(12_345_678),
        Cell::Whole(i64::MIN),
        Cell::Time(Instant::parse("2026-11-22T01:02:03.000004Z").unwrap()),
        Cell::Truth(true),
        Cell::text("{\"team\":\"blue\"}"),
    ];
    sheet.row(&full).unwrap();
    sheet.row(&[const { Cell::Nothing }; 7]).unwrap();
    for number in 0..20_000 {
        let mut row = full.clone();
        row[3] = Cell::Whole(number);
        sheet.row(&row).unwrap();
    }
    sheet.finish().unwrap();
    let expected = "name string\nnet decimal128(38, 8)\ncost double\nnumber int64\nat timestamp[us, tz=UTC]\nlate bool\nlabels string\n\
        ['深势 ¥€ 👩\\u200d🔬', '-1234567890123456.78901234', '0.12345678', '-9223372036854775808', '2026-11-22 01:02:03.000004+00:00', 'True', \
        '{\"team\":\"blue\"}']\n\
        ['None', 'None', 'None', 'None', 'None', 'None', 'None']\n";
    let found = read_back(&path);
    assert!(found.starts_with(expected), "{found}");
    assert!(found.ends_with("20002 2\n"), "{found}");
}

#[test]
fn a_file_without_rows_is_one() {
    let folder = ScratchDir::new("parquet");
    let path = folder.join("rows.parquet");
    let mut sheet = Parquet::begin(File::create(&path).unwrap(), &[Column::text("name")]).unwrap();
    sheet.finish().unwrap();
    assert_eq!(read_back(&path), "name string\n0 0\n");
}

#[test]
fn what_is_of_another_kind_is_refused() {
    let mut sheet = Parquet::begin(Vec::new(), &[Column::whole("number")]).unwrap();
    sheet.row(&[Cell::text("seven")]).unwrap();
    let told = sheet.finish().unwrap_err().to_string();
    assert!(told.contains("column number holds"), "{told}");
}
