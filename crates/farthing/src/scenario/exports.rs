//! Scenarios' words about exports: a job is asked for and worked off as a server does it, and its file read as a stranger would.

use super::command::ExportAsked;
use super::engine::{EngineStage, broken, told};
use super::stage::{Answer, Done, StageError};
use crate::sheets::Sheets;
use farthing_core::export::{ExportId, ExportState, FileFormat};
use farthing_core::money::Money;
use farthing_engine::{ExportAsk, NewExport, export_path};
use std::sync::atomic::{AtomicU64, Ordering};

/// What a file holds.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl EngineStage {
    pub(super) fn export(&mut self, asked: &ExportAsked) -> Done {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let ask = ExportAsk {
            account: asked.account.clone(),
            from: asked.from,
            to: asked.to,
            product: asked.product.clone(),
            project: asked.project.clone(),
            resource: asked.resource.clone(),
            user: asked.user.clone(),
            label: asked.label.clone(),
        };
        let new = NewExport { what: asked.what, format: asked.format, ask, mail: asked.mail };
        let job = self.engine().export_ask(&self.cloud, &new);
        let id = job.as_ref().ok().map(|facts| facts.id.clone());
        self.done(job.map(drop))?;
        let id = id.and_then(|id| ExportId::parse(&id).ok()).ok_or_else(|| fault("an export without an id"))?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("farthing-story-{}-{number}", std::process::id()));
        let now = self.engine().now().map_err(broken)?;
        let worked = self.engine().export_work(&folder, &Sheets, &|| now).map_err(broken);
        let read = worked.and_then(|_| {
            let facts = self.engine().export(&self.cloud, id).map_err(told)?;
            if facts.state != ExportState::Ready.name() {
                return Err(fault(format!("the export is {}: {}", facts.state, facts.why)));
            }
            let path = export_path(&folder, id, asked.format);
            std::fs::read(&path).map_err(|error| fault(format!("{}: {error}", path.display())))
        });
        let _ = std::fs::remove_dir_all(&folder); // a story leaves nothing behind
        let text = String::from_utf8(read?).map_err(|_| fault("the file is not UTF-8"))?;
        let table = match asked.format {
            FileFormat::Json => of_json(&text)?,
            FileFormat::Csv | FileFormat::Parquet => of_csv(&text, asked.what.is_for_people())?,
        };
        self.exported.insert(asked.name.clone(), table);
        Ok(())
    }

    /// Rows, each as its cells with bars between them; or the sum of a column.
    pub(super) fn exported(&self, name: &str, column: Option<&str>) -> Result<Answer, StageError> {
        let table = self.exported.get(name);
        let table =
            table.ok_or_else(|| StageError::refused("not_found", format!("nothing was exported as {name:?}")))?;
        let Some(column) = column else {
            return Ok(Answer::Lines(table.rows.iter().map(|row| row.join(" | ")).collect()));
        };
        let place = table.columns.iter().position(|known| known == column);
        let place = place.ok_or_else(|| {
            StageError::refused(
                "not_found",
                format!("there is no column {column:?}: there are {}", table.columns.join(", ")),
            )
        })?;
        let currency = self.engine().cloud_facts(&self.cloud).map_err(told)?.currency;
        let mut sum = Money::zero(currency);
        for cell in table.rows.iter().filter_map(|row| row.get(place)).filter(|cell| !cell.is_empty()) {
            let amount = Money::parse_amount(cell, currency).map_err(broken)?;
            sum = sum.checked_add(amount).map_err(broken)?;
        }
        Ok(Answer::Money(sum))
    }
}

fn fault(what: impl Into<String>) -> StageError {
    StageError::Broken(what.into())
}

/// By RFC 4180. `marked`: it begins with the mark by which spreadsheets know UTF-8.
fn of_csv(text: &str, marked: bool) -> Result<Table, StageError> {
    let text = match (text.strip_prefix('\u{feff}'), marked) {
        (Some(text), true) => text,
        (None, false) => text,
        (Some(_), false) => return Err(fault("a file for programs begins with a byte order mark")),
        (None, true) => return Err(fault("a file for people begins without a byte order mark")),
    };
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && letters.peek() == Some(&'\n') => {
                letters.next();
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    if quoted || !row.is_empty() || rows.is_empty() {
        return Err(fault("the file breaks off in a row"));
    }
    let columns: Vec<String> = rows.remove(0);
    if rows.iter().any(|row| row.len() != columns.len()) {
        return Err(fault("a row has another number of cells than there are columns"));
    }
    Ok(Table { columns, rows })
}

/// What a value is in JSON lines, as CSV has it.
fn of_json(text: &str) -> Result<Table, StageError> {
    let (mut columns, mut rows): (Vec<String>, Vec<Vec<String>>) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).map_err(broken)?;
        let object = value.as_object().ok_or_else(|| fault("a line is no object"))?;
        if columns.is_empty() {
            columns = object.keys().cloned().collect();
        }
        let cell = |value: &serde_json::Value| match value {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        rows.push(columns.iter().map(|column| object.get(column).map(cell).unwrap_or_default()).collect());
    }
    Ok(Table { columns, rows })
}
