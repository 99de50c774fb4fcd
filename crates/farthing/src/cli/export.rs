//! `farthing export`: what the store holds, for other programs: the ledger as a journal; charges, bills, their lines and FOCUS as tables.

use super::store::{At, Place, engine_on, start_of};
use clap::{Args, Subcommand};
use farthing::failure::Failure;
use farthing::sheets::sheet;
use farthing_core::export::{Column, ExportWhat, FileFormat, Sink};
use farthing_core::journal::Format;
use farthing_engine::{Clock, ExportAsk};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write as _, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Every transfer as a plain-text journal that checks itself to the last unit.
    Ledger(Ledger),
    /// What each thing cost, charge by charge, and what was paid ahead: on which bill, when, how much, at which price, what paid.
    Charges(Charges),
    /// Bills, statements, receipts and credit notes, a row each.
    Bills(Rows),
    /// Their lines.
    Lines(Lines),
    /// FOCUS 1.0, for programs that watch costs: each bill's rows come to its total.
    Focus(Rows),
}

#[derive(Args, Debug)]
struct Ledger {
    #[command(flatten)]
    at: At,
    /// hledger, ledger or beancount
    #[arg(long, default_value = "hledger", value_parser = parse_format)]
    format: Format,
    /// Where to write; standard output when left out.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

/// What every table is asked by.
#[derive(Args, Debug)]
pub(super) struct Rows {
    #[command(flatten)]
    pub(super) place: Place,
    /// Only this account's; the whole cloud when it is not given.
    #[arg(long)]
    pub(super) account: Option<String>,
    /// csv, json (lines) or parquet
    #[arg(long, default_value = "csv", value_parser = parse_file_format)]
    pub(super) format: FileFormat,
    /// From when: a day, or an instant.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until when: a day, which is not included, or an instant.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Where to write; standard output when left out.
    #[arg(long, short, value_name = "FILE", alias = "output")]
    out: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct Lines {
    #[command(flatten)]
    rows: Rows,
    /// Only of this product.
    #[arg(long)]
    product: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct Charges {
    #[command(flatten)]
    pub(super) rows: Rows,
    /// Only of this product.
    #[arg(long)]
    product: Option<String>,
    /// Only of this project.
    #[arg(long)]
    project: Option<String>,
    /// Only of this resource.
    #[arg(long)]
    resource: Option<String>,
    /// Only of this user.
    #[arg(long)]
    user: Option<String>,
    /// Only what has this label.
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_label)]
    label: Option<(String, String)>,
}

fn parse_format(text: &str) -> Result<Format, String> {
    Format::parse(text).ok_or_else(|| format!("'{text}' is no journal format: use hledger, ledger or beancount"))
}

fn parse_file_format(text: &str) -> Result<FileFormat, String> {
    FileFormat::parse(text).ok_or_else(|| format!("'{text}' is no format of a table: use csv, json or parquet"))
}

fn parse_label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("'{text}' is no label: write it like team=blue"))?;
    Ok((key.to_owned(), value.to_owned()))
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.what {
        What::Ledger(arguments) => ledger(arguments),
        What::Charges(arguments) => table(ExportWhat::Charges, &arguments.rows, arguments.narrowed()),
        What::Lines(arguments) => {
            let ask = ExportAsk { product: arguments.product.clone(), ..ExportAsk::default() };
            table(ExportWhat::Lines, &arguments.rows, ask)
        }
        What::Bills(rows) => table(ExportWhat::Bills, rows, ExportAsk::default()),
        What::Focus(rows) => table(ExportWhat::Focus, rows, ExportAsk::default()),
    }
}

impl Charges {
    pub(super) fn narrowed(&self) -> ExportAsk {
        ExportAsk {
            product: self.product.clone(),
            project: self.project.clone(),
            resource: self.resource.clone(),
            user: self.user.clone(),
            label: self.label.clone(),
            ..ExportAsk::default()
        }
    }
}

impl Rows {
    /// With whose and when.
    pub(super) fn ask(&self, desk: &super::store::Desk, ask: ExportAsk) -> Result<ExportAsk, Failure> {
        let zone = match &self.account {
            Some(account) => desk.zone_of(account)?,
            None => desk.facts()?.zone,
        };
        Ok(ExportAsk {
            account: self.account.clone(),
            from: self.from.as_deref().map(|at| start_of(at, &zone)).transpose()?,
            to: self.to.as_deref().map(|at| start_of(at, &zone)).transpose()?,
            ..ask
        })
    }
}

fn table(what: ExportWhat, rows: &Rows, ask: ExportAsk) -> Result<ExitCode, Failure> {
    let desk = rows.place.desk()?;
    let ask = rows.ask(&desk, ask)?;
    if rows.out.is_none() && rows.format == FileFormat::Parquet && stdout().is_terminal() {
        return Err("Parquet is nothing to read on a screen: say where to write it, with --out FILE".into());
    }
    let (format, people) = (rows.format, what.is_for_people());
    let write = |path: Option<&Path>| {
        let open = |columns: &[Column]| -> io::Result<Box<dyn Sink>> {
            match path {
                Some(path) => sheet(format, columns, people, BufWriter::new(File::create(path)?)),
                None => sheet(format, columns, people, stdout()),
            }
        };
        desk.engine.export_rows(&desk.cloud, (what, &ask), open, &mut |_| Ok(()))
    };
    let Some(path) = &rows.out else {
        write(None)?;
        return Ok(ExitCode::SUCCESS);
    };
    // Whole or not at all: a table that was cut short looks like one.
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let named = |error: io::Error| format!("{}: {error}", path.display());
    let written = write(Some(&part))?;
    File::open(&part).and_then(|file| file.sync_all()).map_err(named)?;
    std::fs::rename(&part, path).map_err(named)?;
    eprintln!("{written} rows written to {}.", path.display());
    Ok(ExitCode::SUCCESS)
}

fn ledger(arguments: &Ledger) -> Result<ExitCode, Failure> {
    let engine = engine_on(arguments.at.open()?, Clock::real(None)?);
    match &arguments.output {
        None => drop(engine.export_ledger(arguments.format, &mut stdout().lock())?),
        Some(path) => {
            // Whole or not at all: a journal that was cut short looks like one.
            let mut part = path.as_os_str().to_owned();
            part.push(".part");
            let named = |error: std::io::Error| format!("{}: {error}", path.display());
            let mut file = BufWriter::new(File::create(&part).map_err(named)?);
            let transfers = engine.export_ledger(arguments.format, &mut file)?;
            file.flush().map_err(named)?;
            file.get_ref().sync_all().map_err(named)?;
            std::fs::rename(&part, path).map_err(named)?;
            eprintln!("{transfers} transfers written to {}.", path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
