//! Reports of the clouds' own outages: appended, never changed.

use crate::open_charges::{properties_from_text, properties_to_text};
use crate::{Row, StoreError, Tx};
use farthing_core::config::Name;
use farthing_core::ledger::audit::{AuditReport, Audited, Finding};
use farthing_core::ledger::chain;
use farthing_core::time::Instant;
use farthing_core::timeline::{Outage, OutageReport};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutageRow {
    pub cloud: String,
    pub report: OutageReport,
}

impl OutageRow {
    pub fn seal(&self) -> i64 {
        let OutageReport { number, name, outage, withdrawn, recorded } = &self.report;
        let numbers = [*number, i64::from(*withdrawn), outage.from.micros(), outage.to.micros(), recorded.micros()];
        let texts = [
            self.cloud.as_str(),
            name,
            outage.product.as_str(),
            &lines(&outage.skus),
            &properties_to_text(&outage.properties),
            &outage.resources.join("\n"),
        ];
        chain::seal_row(b"outage", &numbers, &texts.map(str::as_bytes))
    }
}

impl Tx<'_> {
    /// Appends a report. Its number is the next: of two processes the second runs its closure again.
    pub fn outage_insert(&mut self, row: &OutageRow) -> Result<(), StoreError> {
        let OutageReport { number, name, outage, withdrawn, recorded } = &row.report;
        self.execute(
            "INSERT INTO outage (cloud, number, name, withdrawn, product, starts, ends, skus, properties, resources, recorded, seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            &[
                row.cloud.as_str().into(),
                (*number).into(),
                name.as_str().into(),
                (*withdrawn).into(),
                outage.product.as_str().into(),
                outage.from.micros().into(),
                outage.to.micros().into(),
                lines(&outage.skus).as_str().into(),
                properties_to_text(&outage.properties).as_str().into(),
                outage.resources.join("\n").as_str().into(),
                recorded.micros().into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// All reports of a cloud, in order of number.
    pub fn outages_of(&mut self, cloud: &str) -> Result<Vec<OutageRow>, StoreError> {
        self.rows(
            "SELECT cloud, number, name, withdrawn, product, starts, ends, skus, properties, resources, recorded
             FROM outage WHERE cloud = $1 ORDER BY number",
            &[cloud.into()],
            outage_from,
        )
    }

    /// Everybody who pays or ever paid for anything of a product becomes due.
    pub fn payers_hurry_of(&mut self, cloud: &str, product: &Name, at: Instant) -> Result<(), StoreError> {
        self.execute(
            "UPDATE account_state SET due_at = $3 WHERE (due_at IS NULL OR due_at > $3) AND account IN
                 (SELECT p.account FROM thing t JOIN thing_payer p ON p.thing = t.id WHERE t.cloud = $1 AND t.product = $2)",
            &[cloud.into(), product.as_str().into(), at.micros().into()],
        )?;
        Ok(())
    }
}

/// Each is what was written, and none is missing.
pub(crate) fn audit_outages(tx: &mut Tx<'_>, report: &mut AuditReport) -> Result<(), StoreError> {
    let mut findings = Vec::new();
    let mut find =
        |row: String, what: &str| findings.push(Finding { of: Audited::Charges, row, what: what.to_owned() });
    let mut last = (String::new(), 0);
    tx.each(
        "SELECT cloud, number, name, withdrawn, product, starts, ends, skus, properties, resources, recorded, seal
         FROM outage ORDER BY cloud, number",
        &[],
        |row| {
            let (cloud, number) = (row.text_lossy(0)?, row.int(1)?);
            let name = format!("outage {cloud} {number}");
            match outage_from(row) {
                Ok(kept) if kept.seal() == row.int(11)? => {}
                Ok(_) => find(name.clone(), "it is not what was written: its seal does not fit"),
                Err(error) => find(name.clone(), &format!("it cannot be read: {}", crate::chain_of(&error))),
            }
            let before = if last.0 == cloud { last.1 } else { 0 };
            if number != before + 1 {
                find(name, "the report before it is missing");
            }
            last = (cloud, number);
            Ok(())
        },
    )?;
    for row in tx.rows(
        "SELECT 'account_state ' || s.account FROM account_state s JOIN account a ON a.id = s.account
         WHERE s.outage > (SELECT coalesce(max(o.number), 0) FROM outage o WHERE o.cloud = a.cloud) ORDER BY s.account",
        &[],
        |row| row.text(0),
    )? {
        find(row, "it knows of an outage that nobody reported");
    }
    report.add(findings);
    Ok(())
}

fn lines(names: &[Name]) -> String {
    names.iter().map(Name::as_str).collect::<Vec<_>>().join("\n")
}

fn outage_from(row: &Row<'_>) -> Result<OutageRow, StoreError> {
    let name = |text: &str| Name::parse(text).ok_or_else(|| StoreError::corrupt(format!("an outage of {text:?}")));
    Ok(OutageRow {
        cloud: row.text(0)?,
        report: OutageReport {
            number: row.int(1)?,
            name: row.text(2)?,
            withdrawn: row.bool(3)?,
            outage: Outage {
                product: name(&row.text(4)?)?,
                from: Instant::from_micros(row.int(5)?),
                to: Instant::from_micros(row.int(6)?),
                skus: row.text(7)?.lines().map(name).collect::<Result<_, _>>()?,
                properties: properties_from_text(&row.text(8)?),
                resources: row.text(9)?.lines().map(str::to_owned).collect(),
            },
            recorded: Instant::from_micros(row.int(10)?),
        },
    })
}
