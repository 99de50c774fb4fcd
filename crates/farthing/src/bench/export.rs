//! Exports: every charge of a cloud as rows of a file, in each format, beside a plain copy of as many bytes.

use super::crowd::{self, Crowd};
use super::measure::{Measured, heading};
use super::{Bed, Where, floor};
use clap::Args;
use farthing::failure::Failure;
use farthing::sheets::Sheets;
use farthing_core::export::{Column, ExportWhat, FileFormat};
use farthing_core::time::Instant as Moment;
use farthing_engine::{ExportAsk, SheetMaker as _};
use std::fs::File;
use std::time::Instant;

const RESOURCES: usize = 10;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    at: Where,
    /// How many accounts, with ten machines each that ran for ten days of two months.
    #[arg(long, default_value_t = 1_000)]
    accounts: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.at.json);
    let (skus, catalog) = crowd::machines(RESOURCES);
    let bed = Bed::simulated(&arguments.at, Moment::parse("2027-01-27T10:00:00Z")?)?;
    let (accounts, resources) = (arguments.accounts, RESOURCES);
    let crowd = Crowd {
        accounts,
        resources,
        product: "machine",
        skus: &skus,
        policy: crowd::BY_THE_MONTH,
        money: crowd::Means::Plenty,
    };
    let cloud = crowd::fill(&bed.engine, &catalog, &crowd, bed.engine.now()?)?;
    let days = (28..=31).map(|day| format!("2027-01-{day}")).chain((1..=6).map(|day| format!("2027-02-{day:02}")));
    for day in days {
        bed.engine.clock().advance_to(Moment::parse(&format!("{day}T00:00:00Z"))?);
        bed.engine.run_due()?;
    }
    let ask = ExportAsk::default();
    let path = std::env::temp_dir().join(format!("farthing-bench-export-{}", std::process::id()));
    for _ in 0..arguments.at.runs.max(1) {
        for (what, format) in [
            (ExportWhat::Charges, FileFormat::Csv),
            (ExportWhat::Charges, FileFormat::Json),
            (ExportWhat::Charges, FileFormat::Parquet),
            (ExportWhat::Focus, FileFormat::Parquet),
        ] {
            let begun = Instant::now();
            let open = |columns: &[Column]| Sheets.make(format, columns, what.is_for_people(), File::create(&path)?);
            let rows = bed.engine.export_rows(&cloud, (what, &ask), open, &mut |_| Ok(()))?;
            File::open(&path)?.sync_all()?;
            let took = begun.elapsed();
            let bytes = std::fs::metadata(&path)?.len();
            let floor = floor::append(bytes, 1)?;
            let rows = u64::try_from(rows)?;
            let name = format!("export {} of {} as {}", super::ledger::size(rows), what.name(), format.name());
            Measured { name, store: bed.name, rows, took, waits: vec![took], floor: Some(floor), more: Vec::new() }
                .print(arguments.at.json)?;
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}
