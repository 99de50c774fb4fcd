//! Numbered migrations: applied in order under a lock, each with the checksum of its text, none ever twice or changed.

use crate::{Store, StoreError, Tx, Value, sql};

/// One step of the schema. Numbers are dense and for ever; the text of a released one never changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "ledger", text: include_str!("../migrations/0001_ledger.sql") },
    Migration { number: 2, name: "policy", text: include_str!("../migrations/0002_policy.sql") },
    Migration { number: 3, name: "usage", text: include_str!("../migrations/0003_usage.sql") },
    Migration { number: 4, name: "settlement", text: include_str!("../migrations/0004_settlement.sql") },
    Migration { number: 5, name: "access", text: include_str!("../migrations/0005_access.sql") },
    Migration { number: 6, name: "outbox", text: include_str!("../migrations/0006_outbox.sql") },
    Migration { number: 7, name: "seals", text: include_str!("../migrations/0007_seals.sql") },
    Migration { number: 8, name: "payments", text: include_str!("../migrations/0008_payments.sql") },
    Migration { number: 9, name: "bank", text: include_str!("../migrations/0009_bank.sql") },
    Migration { number: 10, name: "operators", text: include_str!("../migrations/0010_operators.sql") },
    Migration { number: 11, name: "codes", text: include_str!("../migrations/0011_codes.sql") },
    Migration { number: 12, name: "orders", text: include_str!("../migrations/0012_orders.sql") },
    Migration { number: 13, name: "credits", text: include_str!("../migrations/0013_credits.sql") },
    Migration { number: 14, name: "units", text: include_str!("../migrations/0014_units.sql") },
    Migration { number: 15, name: "trials", text: include_str!("../migrations/0015_trials.sql") },
    Migration { number: 16, name: "periods", text: include_str!("../migrations/0016_periods.sql") },
    Migration { number: 17, name: "arrears", text: include_str!("../migrations/0017_arrears.sql") },
    Migration { number: 18, name: "invoices", text: include_str!("../migrations/0018_invoices.sql") },
    Migration { number: 19, name: "exports", text: include_str!("../migrations/0019_exports.sql") },
    Migration { number: 20, name: "standing", text: include_str!("../migrations/0020_standing.sql") },
    Migration { number: 21, name: "alerts", text: include_str!("../migrations/0021_alerts.sql") },
    Migration { number: 22, name: "outages", text: include_str!("../migrations/0022_outages.sql") },
    Migration { number: 23, name: "people", text: include_str!("../migrations/0023_people.sql") },
    Migration { number: 24, name: "spaces", text: include_str!("../migrations/0024_spaces.sql") },
    Migration { number: 25, name: "members", text: include_str!("../migrations/0025_members.sql") },
    Migration { number: 26, name: "budgets", text: include_str!("../migrations/0026_budgets.sql") },
    Migration { number: 27, name: "back", text: include_str!("../migrations/0027_back.sql") },
    Migration { number: 28, name: "costs", text: include_str!("../migrations/0028_costs.sql") },
];

/// Any number, as long as everything that migrates this database takes the same one.
const LOCK: i64 = 0x6661_7274_6869_6e67;

/// Applies what is missing. Two processes that start at once: the second waits, then finds nothing to do.
pub(crate) fn run(store: &Store, migrations: &'static [Migration]) -> Result<(), StoreError> {
    store.write("migrate", move |tx| {
        lock(tx)?;
        tx.execute(
            match tx {
                Tx::Sqlite(_) => {
                    "CREATE TABLE IF NOT EXISTS store_migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum BLOB NOT NULL) STRICT"
                }
                Tx::Postgres(_) => {
                    "CREATE TABLE IF NOT EXISTS store_migration (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum BYTEA NOT NULL)"
                }
            },
            &[],
        )?;
        let applied = applied(tx)?;
        compare(&applied, migrations)?;
        for migration in &migrations[applied.len()..] {
            apply(tx, migration)?;
        }
        Ok(())
    })
}

/// Changes nothing: there must be a store of this version.
pub(crate) fn expect(store: &Store, migrations: &'static [Migration]) -> Result<(), StoreError> {
    store.read("expect_schema", |tx| {
        let table = match tx {
            Tx::Sqlite(_) => "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'store_migration'",
            Tx::Postgres(_) => "SELECT count(*) FROM pg_tables WHERE tablename = 'store_migration' AND schemaname = current_schema()",
        };
        if tx.one(table, &[], |row| row.int(0))? != Some(1) {
            return Err(StoreError::Absent(format!("{}: there is no Farthing store here; name an existing one", store.location())));
        }
        let applied = applied(tx)?;
        compare(&applied, migrations)?;
        if applied.len() < migrations.len() {
            return Err(StoreError::Unusable(format!(
                "{}: this store has schema {}, this Farthing's is {}: back it up, then start the server once to bring it up to date",
                store.location(),
                applied.len(),
                migrations.len()
            )));
        }
        Ok(())
    })
}

fn applied(tx: &mut Tx<'_>) -> Result<Vec<(i64, String, [u8; 32])>, StoreError> {
    tx.rows("SELECT number, name, checksum FROM store_migration ORDER BY number", &[], |row| {
        Ok((row.int(0)?, row.text(1)?, row.bytes::<32>(2)?))
    })
}

fn lock(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    match tx {
        Tx::Sqlite(_) => Ok(()), // the writer's transaction holds the file
        Tx::Postgres(_) => tx.each("SELECT pg_advisory_xact_lock($1)::text", &[LOCK.into()], |_| Ok(())),
    }
}

fn compare(applied: &[(i64, String, [u8; 32])], migrations: &[Migration]) -> Result<(), StoreError> {
    let known = migrations.last().map_or(0, |migration| migration.number);
    let newest = applied.last().map_or(0, |(number, ..)| *number);
    if newest > known {
        return Err(StoreError::Unusable(format!(
            "this store has schema {newest}, written by a newer Farthing; this one ({}) knows schemas up to {known}: \
             run the newer version, or restore a backup made before the upgrade. Nothing was changed",
            env!("CARGO_PKG_VERSION")
        )));
    }
    for ((number, name, checksum), migration) in applied.iter().zip(migrations) {
        if *number != migration.number || *checksum != checksum_of(migration) {
            return Err(StoreError::Unusable(format!(
                "migration {number} ({name}) of this store is not the one this Farthing ({}) was built with: \
                 run the build that made the store. Nothing was changed",
                env!("CARGO_PKG_VERSION")
            )));
        }
    }
    Ok(())
}

fn checksum_of(migration: &Migration) -> [u8; 32] {
    *blake3::hash(migration.text.as_bytes()).as_bytes()
}

fn apply(tx: &mut Tx<'_>, migration: &Migration) -> Result<(), StoreError> {
    let text = sql::migration(migration.text, matches!(tx, Tx::Sqlite(_)));
    tx.script(&text)?;
    let checksum = checksum_of(migration);
    tx.execute(
        "INSERT INTO store_migration (number, name, checksum) VALUES ($1, $2, $3)",
        &[migration.number.into(), migration.name.into(), Value::Bytes(&checksum)],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: i64, text: &str) -> (i64, String, [u8; 32]) {
        (number, "x".into(), *blake3::hash(text.as_bytes()).as_bytes())
    }

    #[test]
    fn a_newer_or_changed_schema_is_refused_with_what_to_do() {
        let known = [Migration { number: 1, name: "a", text: "one" }, Migration { number: 2, name: "b", text: "two" }];
        let check = |applied: &[(i64, String, [u8; 32])]| compare(applied, &known).map_err(|error| error.to_string());
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&[row(1, "one")]), Ok(()));
        assert_eq!(check(&[row(1, "one"), row(2, "two")]), Ok(()));
        let newer = check(&[row(1, "one"), row(2, "two"), row(3, "three")]).unwrap_err();
        assert!(newer.contains("schema 3") && newer.contains("run the newer version"), "{newer}");
        let changed = check(&[row(1, "0ne")]).unwrap_err();
        assert!(changed.contains("migration 1") && changed.contains("run the build that made the store"), "{changed}");
    }
}
