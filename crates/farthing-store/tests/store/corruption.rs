//! One byte of one row changed, in every column of every table of the ledger, of what was charged and of the policies: `verify`
//! names the row. On both stores.

use crate::support::{Bed, NOON, billing, read, write};
use farthing_core::id::{CauseId, HoldId};
use farthing_core::ledger::{
    AccountId, Authorise, Capture, Chart, Command, CommodityId, CommodityKind, Floor, Kind, Mode, Movement, OwnerId,
    Transfer, TransferId,
};
use farthing_core::notice::MessageId;
use farthing_core::policy::{Applied, ApplyRequest, Files, plan_apply};
use farthing_core::time::Instant;
use farthing_store::{AuditReport, MessageRow, NewAccount, Store, StoreError, Tx, Value};

fn id(number: i64) -> TransferId {
    TransferId::from_parts(Instant::from_micros(NOON.micros() + number), 0, 0).expect("a time in range")
}

fn transfer(number: i64, debit: i64, credit: i64, amount: i64) -> Transfer {
    Transfer {
        id: id(number),
        cause: (number == 2).then(|| CauseId::derive(NOON, &[b"payment"])),
        kind: Kind::Plain,
        mode: Mode::Reports,
        effective: NOON,
        movement: Movement::Move {
            debit: AccountId(debit),
            credit: AccountId(credit),
            amount,
            commodity: CommodityId(1),
        },
    }
}

/// Two customers and the cloud; a caused transfer, a linked pair, a reversal, a hold half captured, one ended.
fn ledger(bed: &Bed) -> Store {
    let store = bed.open();
    write(&store, |tx| {
        let commodity = tx.commodity_ensure("USD", CommodityKind::Currency, 8)?;
        let one = tx.owner_ensure("cloud", "one", false)?;
        let two = tx.owner_ensure("cloud", "two", false)?;
        let books = tx.owner_ensure("cloud", "books", true)?;
        let open = |owner, code, floor| NewAccount { owner, code, commodity, floor };
        tx.accounts_open(
            &[
                open(one, Chart::Cash, Floor::Zero),
                open(one, Chart::ReceivableDebt, Floor::Minus(500)),
                open(two, Chart::Cash, Floor::Zero),
                open(books, Chart::Revenue("service".into()), Floor::Open),
            ],
            NOON,
        )?;
        let hold = |name: &[u8], amount| {
            Command::Authorise(Authorise {
                id: HoldId::derive(NOON, &[name]),
                owner: one,
                along: vec![AccountId(1), AccountId(2)],
                amount,
                expires_at: Instant::from_micros(NOON.micros() + 1_000_000),
            })
        };
        let capture = |number, amount, last, name: &[u8]| {
            Command::Capture(Capture {
                id: id(number),
                cause: None,
                hold: HoldId::derive(NOON, &[name]),
                to: AccountId(4),
                amount,
                last,
                kind: Kind::UsageByCash,
                effective: NOON,
            })
        };
        let reversal = Transfer { movement: Movement::Reverse(id(3)), kind: Kind::Reversal, ..transfer(7, 1, 2, 1) };
        let outcomes = tx.ledger_run(
            &[
                Command::Transfer(transfer(1, 4, 1, 1000)),
                Command::Transfer(transfer(2, 4, 3, 500)),
                Command::Transfer(transfer(3, 3, 4, 70)),
                Command::Linked(vec![transfer(4, 1, 4, 10), transfer(5, 2, 4, 20)]),
                Command::Transfer(reversal),
                hold(b"half", 300),
                hold(b"done", 1100),
                capture(100, 120, false, b"half"),
                capture(200, 900, true, b"done"),
                Command::Transfer(transfer(9, 4, 3, 5)),
            ],
            NOON,
        )?;
        assert!(outcomes.iter().all(|outcome| outcome.code.stands()), "{outcomes:?}");
        Ok(())
    });
    assert_eq!(read(&store, |tx| tx.audit()).findings, []);
    store
}

/// What a column holds, and so how one byte of it is changed.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Int,
    Bool,
    Text,
    Id,
    Hash,
}

/// The answer of the audit, carried out of a closure that takes everything back.
#[derive(Debug)]
enum TakenBack {
    Report(AuditReport),
    #[expect(dead_code, reason = "told by Debug when a test fails")]
    Store(StoreError),
}

impl From<StoreError> for TakenBack {
    fn from(error: StoreError) -> TakenBack {
        TakenBack::Store(error)
    }
}

/// Statements must be static: these tests build theirs.
fn sql(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// Changes one byte of every value of the column, one row after another, and asks what the audit says of each.
fn check(store: &Store, table: &'static str, key: &'static str, column: &'static str, kept: Kept) {
    let rows = read(store, |tx| {
        tx.one(sql(format!("SELECT count(*) FROM {table} WHERE {column} IS NOT NULL")), &[], |row| row.int(0))
    });
    let rows = rows.expect("a count");
    assert!(rows > 0, "no row of {table} has a {column}");
    for row in 0..rows {
        let told = store.write("corrupt", move |tx| {
            let names = corrupt(tx, table, key, column, kept, row)?;
            Err::<(), _>(TakenBack::Report(tx.audit().map(|mut report| {
                report.holds = 0;
                assert!(!names.is_empty());
                let first = report.findings.first().map(|finding| finding.row.clone());
                let named =
                    first.as_ref().is_some_and(|first| names.iter().any(|name| first.starts_with(name.as_str())));
                assert!(named, "{table}.{column} row {row}: {names:?} was changed, found: {:?}", report.findings);
                report
            })?))
        });
        match told {
            Err(TakenBack::Report(_)) => {}
            other => panic!("{table}.{column} row {row}: {other:?}"),
        }
    }
}

/// Changes the row and gives the names by which the audit may call it: by its key before, or after if that was changed.
fn corrupt(
    tx: &mut Tx<'_>,
    table: &str,
    key: &str,
    column: &str,
    kept: Kept,
    row: i64,
) -> Result<Vec<String>, StoreError> {
    let id_key = table == "hold";
    let select =
        sql(format!("SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY 1, 2 LIMIT 1 OFFSET $1"));
    let update = sql(format!("UPDATE {table} SET {column} = $1 WHERE {key} = $2 AND {column} = $3"));
    let name = |key: i64| format!("{table} {key}");
    let hold = |key: [u8; 16]| format!("hold {}", HoldId::from_bytes(key));
    let mut names = Vec::new();
    let key_of = |row: &farthing_store::Row<'_>| -> Result<(Option<i64>, Option<[u8; 16]>), StoreError> {
        if id_key { Ok((None, Some(row.bytes(0)?))) } else { Ok((Some(row.int(0)?), None)) }
    };
    macro_rules! change {
        ($read:expr, $flip:expr, $value:expr) => {{
            let (key, before) = tx.one(select, &[row.into()], |row| Ok((key_of(row)?, $read(row)?)))?.expect("the row");
            let after = $flip(before.clone());
            names.extend(key.0.map(name).into_iter().chain(key.1.map(hold)));
            let bytes = key.1.unwrap_or_default();
            let by = key.0.map_or(Value::Bytes(&bytes), Value::Int);
            assert!(tx.execute(update, &[$value(&after), by, $value(&before)])? >= 1, "a row was changed");
            after
        }};
    }
    match kept {
        Kept::Int => {
            let after =
                change!(
                    |row: &farthing_store::Row<'_>| row.int(1),
                    |value: i64| value ^ 256,
                    |value: &i64| Value::Int(*value)
                );
            if column == key {
                names.push(name(after));
            }
        }
        Kept::Bool => drop(change!(
            |row: &farthing_store::Row<'_>| row.bool(1),
            |value: bool| !value,
            |value: &bool| Value::Bool(*value)
        )),
        Kept::Text => {
            let (key, before) =
                tx.one(select, &[row.into()], |row| Ok((key_of(row)?, row.text(1)?)))?.expect("the row");
            names.extend(key.0.map(name).into_iter().chain(key.1.map(hold)));
            // Another letter, or another digit: still readable, which is harder to find.
            let after = format!("{}{}", char::from(before.as_bytes()[0] ^ 1), &before[1..]);
            let bytes = key.1.unwrap_or_default();
            let by = key.0.map_or(Value::Bytes(&bytes), Value::Int);
            tx.execute(update, &[after.as_str().into(), by, before.as_str().into()])?;
        }
        Kept::Id => {
            let flip = |mut value: [u8; 16]| {
                value[15] ^= 1;
                value
            };
            let before =
                tx.one(select, &[row.into()], |row| Ok((key_of(row)?, row.bytes::<16>(1)?)))?.expect("the row");
            let (key, value) = before;
            let after = flip(value);
            names.extend(key.0.map(name).into_iter().chain(key.1.map(hold)));
            names.push(hold(after));
            let bytes = key.1.unwrap_or_default();
            let by = key.0.map_or(Value::Bytes(&bytes), Value::Int);
            tx.execute(update, &[Value::Bytes(&after), by, Value::Bytes(&value)])?;
        }
        Kept::Hash => {
            let (key, mut value) =
                tx.one(select, &[row.into()], |row| Ok((row.int(0)?, row.bytes::<32>(1)?)))?.expect("the row");
            let before = value;
            value[31] ^= 1;
            names.push(name(key));
            tx.execute(update, &[Value::Bytes(&value), key.into(), Value::Bytes(&before)])?;
        }
    }
    Ok(names)
}

both! {
    fn of_a_transfer(bed: &Bed) {
        let store = ledger(bed);
        for column in ["id", "debit", "credit", "amount", "kind", "flags", "effective", "reverses", "linked", "debit_after",
            "credit_after", "debit_previous", "credit_previous", "seal"]
        {
            check(&store, "transfer", "id", column, Kept::Int);
        }
        check(&store, "transfer", "id", "cause", Kept::Id);
    }
}

both! {
    fn of_an_account(bed: &Bed) {
        let store = ledger(bed);
        for column in ["id", "owner", "commodity", "floor", "opened", "seal"] {
            check(&store, "ledger_account", "id", column, Kept::Int);
        }
        check(&store, "ledger_account", "id", "hard", Kept::Bool);
        check(&store, "ledger_account", "id", "closed", Kept::Bool);
        check(&store, "ledger_account", "id", "code", Kept::Text);
        for column in ["account", "debits", "credits", "newest"] {
            check(&store, "ledger_balance", "account", column, Kept::Int);
        }
        check(&store, "ledger_balance", "account", "head", Kept::Hash);
        check(&store, "ledger_held", "account", "account", Kept::Int);
    }
}

both! {
    fn of_what_accounts_belong_to(bed: &Bed) {
        let store = ledger(bed);
        for column in ["id", "seal"] {
            check(&store, "ledger_owner", "id", column, Kept::Int);
            check(&store, "commodity", "id", column, Kept::Int);
        }
        check(&store, "ledger_owner", "id", "cloud", Kept::Text);
        check(&store, "ledger_owner", "id", "books", Kept::Bool);
        check(&store, "commodity", "id", "code", Kept::Text);
        check(&store, "commodity", "id", "decimals", Kept::Int);
        check(&store, "commodity", "id", "unit", Kept::Bool);
    }
}

both! {
    fn of_a_hold(bed: &Bed) {
        let store = ledger(bed);
        for column in ["owner", "amount", "captured", "expires_at", "state", "seal"] {
            check(&store, "hold", "id", column, Kept::Int);
        }
        check(&store, "hold", "id", "id", Kept::Id);
        check(&store, "hold", "id", "parts", Kept::Text);
        for column in ["id", "recipient", "amount", "effective", "seal"] {
            check(&store, "hold_capture", "id", column, Kept::Int);
        }
        check(&store, "hold_capture", "id", "hold", Kept::Id);
        check(&store, "hold_capture", "id", "last", Kept::Bool);
    }
}

both! {
    fn a_transfer_taken_out_is_missed(bed: &Bed) {
        let store = ledger(bed);
        let told = store.write("corrupt", |tx| {
            tx.execute("DELETE FROM transfer WHERE id = $1", &[id(3).get().into()])?;
            Err::<(), _>(TakenBack::Report(tx.audit()?))
        });
        let Err(TakenBack::Report(report)) = told else { panic!("{told:?}") };
        assert!(!report.findings.is_empty());
        assert!(report.findings[0].what.contains("names") || report.findings[0].row.starts_with("transfer"), "{report:?}");
    }
}

/// Messages of an account and of the cloud, one in letters of several bytes.
fn messages(bed: &Bed) -> Store {
    let store = bed.open();
    for number in 1..4_i64 {
        write(&store, move |tx| {
            let mut tail = [0; 10];
            tail[..8].copy_from_slice(&number.to_be_bytes());
            tx.message_insert(&MessageRow {
                number: number * 1_000,
                id: MessageId::from_parts(1_800_000_000_000, tail),
                cloud: "one".to_owned(),
                kind: "account.opened".to_owned(),
                at: NOON,
                account: (number < 3).then_some(OwnerId(number)),
                lane: number + 1_000_000,
                data: "{\"account\":\"片\"}".to_owned(),
            })
        });
    }
    let report = read(&store, |tx| tx.audit());
    assert_eq!((report.findings, report.messages), (vec![], 3));
    store
}

both! {
    fn of_a_message(bed: &Bed) {
        let store = messages(bed);
        for column in ["number", "at", "account", "lane", "seal"] {
            check(&store, "message", "number", column, Kept::Int);
        }
        for column in ["cloud", "type", "data"] {
            check(&store, "message", "number", column, Kept::Text);
        }
        check(&store, "message", "number", "id", Kept::Id);
        // A seal taken away is no message of before there were seals.
        let told = store.write("corrupt", |tx| {
            tx.execute("UPDATE message SET seal = NULL WHERE number = 1000", &[])?;
            Err::<(), _>(TakenBack::Report(tx.audit()?))
        });
        let Err(TakenBack::Report(report)) = told else { panic!("{told:?}") };
        assert_eq!(report.findings.first().map(|found| (found.row.as_str(), found.what.as_str())), Some(("message 1000", "it has no seal")));
    }
}

both! {
    /// What was told before there were seals has none, and is no finding.
    fn a_message_of_before_there_were_seals(bed: &Bed) {
        let store = messages(bed);
        drop(store);
        bed.tamper("ALTER TABLE message DROP COLUMN seal");
        bed.tamper("DROP TABLE message_unsealed");
        for table in [
            "customer", "method", "payment", "dispute", "refund", "refund_part", "errand", "provider_event", "refill", "company", "bill",
            "wallet", "number_series", "sandbox_mood", "sandbox_asked", "sandbox_event", "bank_file", "bank_row", "transfer_code", "mandate",
            "announced", "bank_order", "bill_key", "name_word", "collecting", "payment_code", "payment_paid", "sandbox_done",
            "purchase", "subscription", "agreed", "term",
            "recurring_grant", "coupon", "coupon_count", "coupon_code", "redemption", "coupon_use",
            "unit_lot", "unit_use", "unit_dry",
            "spend_limit", "quota_use", "quota_reserved", "entitlement", "trial",
            "billing", "bill_cut", "arrears", "bill_dispute", "invoice_request", "invoiced", "export_job", "export_link",
            "ladder", "step_notice", "instruction", "keep", "brake", "steps_seen", "alert", "outage",
            "person", "recovery_code", "session", "person_link", "sign_in_try", "budget", "notice_off",
        ] {
            bed.tamper(&format!("DROP TABLE {table}")); // of what came after
        }
        bed.tamper("ALTER TABLE lot DROP COLUMN reason");
        bed.tamper("ALTER TABLE lot DROP COLUMN source");
        bed.tamper("DROP INDEX charge_chained");
        bed.tamper("DROP INDEX charge_costs");
        bed.tamper("DROP INDEX member_by_person");
        bed.tamper("DROP INDEX account_state_bill_at");
        bed.tamper("ALTER TABLE account_state DROP COLUMN bill_at");
        bed.tamper("ALTER TABLE account_state DROP COLUMN outage");
        bed.tamper("ALTER TABLE account_state DROP COLUMN grant_at");
        bed.tamper("ALTER TABLE account_state DROP COLUMN watch_below");
        bed.tamper("ALTER TABLE account_state DROP COLUMN watch_from");
        bed.tamper("DELETE FROM store_migration WHERE number > 6");
        let store = bed.open();
        assert_eq!(read(&store, |tx| tx.audit()).findings, []);
        let columns = read(&store, |tx| tx.one("SELECT upto FROM message_unsealed", &[], |row| row.int(0)));
        assert_eq!(columns, Some(3_000));
    }
}

/// Two clouds with three versions each, the last of which corrects the first.
fn policies(bed: &Bed) -> Store {
    let store = bed.open();
    for cloud in ["cloud", "other"] {
        for (later, text, corrects) in [(0, "price = 1", None), (10, "price = 2", None), (20, "price = 3", Some(1))] {
            let now = Instant::from_micros(NOON.micros() + later * 1_000_000);
            let files = Files::from([("cloud.toml".into(), text.into()), ("catalog.toml".into(), "# none".into())]);
            let request = ApplyRequest { files, who: "anna".into(), why: "dearer".into(), starts: None, corrects };
            write(&store, move |tx| {
                let Ok(Applied::New(version)) = plan_apply(&tx.policy_versions(cloud)?, &request, now) else {
                    panic!("{request:?} is new")
                };
                tx.policy_append(cloud, &version, &request.files)
            });
        }
    }
    assert_eq!(read(&store, |tx| tx.audit()).findings, []);
    store
}

/// A row of a policy by its key, which is of several columns.
fn policy_rows(tx: &mut Tx<'_>, table: &str) -> Result<Vec<String>, StoreError> {
    let key = if table == "policy_file" { "cloud || ' ' || number || ' ' || name" } else { "cloud || ' ' || number" };
    tx.rows(sql(format!("SELECT '{table} ' || {key} FROM {table} ORDER BY 1")), &[], |row| row.text_lossy(0))
}

/// Sets a column of each row, one after another, to `changed`, an SQL expression, and asks what the audit says of each.
fn check_policy(store: &Store, table: &'static str, column: &'static str, changed: &'static str) {
    let rows = read(store, |tx| policy_rows(tx, table));
    let mut tried = 0;
    for row in rows {
        let told = store.write("corrupt", move |tx| {
            let before = policy_rows(tx, table)?;
            let mut key = row.split(' ').skip(1);
            let (cloud, number) = (key.next().unwrap_or_default(), key.next().unwrap_or_default());
            let name = key.next().map(|name| format!("AND name = '{name}'")).unwrap_or_default();
            let update = format!(
                "UPDATE {table} SET {column} = {changed}
                 WHERE cloud = '{cloud}' AND number = {number} {name} AND {column} IS NOT NULL"
            );
            if tx.execute(sql(update), &[])? == 0 {
                return Err(TakenBack::Report(AuditReport::default()));
            }
            let report = tx.audit()?;
            // By its key as it was, or as it is now.
            let mut names = policy_rows(tx, table)?;
            names.retain(|name| !before.contains(name));
            names.push(row.clone());
            let first = report.findings.first().map(|finding| &finding.row);
            assert!(
                first.is_some_and(|first| names.contains(first)),
                "{table}.{column}: {names:?} was changed, found: {:?}",
                report.findings
            );
            Err::<(), _>(TakenBack::Report(report))
        });
        match told {
            Err(TakenBack::Report(report)) => tried += report.findings.len().min(1),
            other => panic!("{table}.{column}: {other:?}"),
        }
    }
    assert!(tried > 0, "no row of {table} has a {column}");
}

both! {
    fn of_a_policy(bed: &Bed) {
        let store = policies(bed);
        let hash = |column| match (column, bed.database.is_some()) {
            ("digest", false) => "CAST(x'00' || substr(digest, 2) AS BLOB)",
            ("digest", true) => "set_byte(digest, 0, (get_byte(digest, 0) + 1) % 256)",
            (_, false) => "CAST(substr(files_digest, 1, 31) || x'00' AS BLOB)",
            (_, true) => "set_byte(files_digest, 31, (get_byte(files_digest, 31) + 1) % 256)",
        };
        for (column, changed) in [
            ("cloud", "'d' || substr(cloud, 2)"),
            ("number", "number + 256"),
            ("starts", "starts + 256"),
            ("corrects", "corrects + 1"),
            ("corrects", "NULL"),
            ("who", "'hanna'"),
            ("why", "why || ' '"),
            ("recorded", "recorded + 1"),
            ("files_digest", hash("files_digest")),
            ("digest", hash("digest")),
            ("seal", "seal + 1"),
        ] {
            check_policy(&store, "policy_version", column, changed);
        }
        for (column, changed) in [
            ("cloud", "'d' || substr(cloud, 2)"),
            ("number", "number + 256"),
            ("name", "'b' || substr(name, 2)"),
            ("text", "'q' || substr(text, 2)"),
            ("text", "''"),
            ("seal", "seal + 1"),
        ] {
            check_policy(&store, "policy_file", column, changed);
        }
    }
}

both! {
    fn a_policys_row_taken_out_is_missed(bed: &Bed) {
        let store = policies(bed);
        for (delete, first) in [
            ("DELETE FROM policy_version WHERE cloud = 'cloud' AND number = 2", "policy_version cloud 3"),
            ("DELETE FROM policy_version WHERE cloud = 'cloud' AND number = 3", "policy_file cloud 3 catalog.toml"),
            ("DELETE FROM policy_file WHERE cloud = 'other' AND number = 2", "policy_version other 2"),
            ("DELETE FROM policy_file WHERE cloud = 'other' AND name = 'cloud.toml'", "policy_version other 1"),
        ] {
            let told = store.write("corrupt", move |tx| {
                tx.execute(delete, &[])?;
                Err::<(), _>(TakenBack::Report(tx.audit()?))
            });
            let Err(TakenBack::Report(report)) = told else { panic!("{told:?}") };
            assert_eq!(report.findings.first().map(|finding| finding.row.as_str()), Some(first), "{delete}");
        }
    }
}

/// Two customers with charges, each of a cloud of its own.
fn charges(bed: &Bed) -> Store {
    let store = bed.open();
    write(&store, billing::charged);
    let report = read(&store, |tx| tx.audit());
    assert_eq!(report.findings, []);
    assert_eq!(report.charges, 6);
    store
}

/// The rows of a table by the names that the audit gives them: `name` is an SQL expression.
fn rows_named(tx: &mut Tx<'_>, table: &str, name: &str) -> Result<Vec<String>, StoreError> {
    tx.rows(sql(format!("SELECT {name} FROM {table} ORDER BY 1")), &[], |row| row.text_lossy(0))
}

/// Sets a column of each row, one after another, to `changed`, an SQL expression, and asks what the audit says of each.
fn check_named(store: &Store, table: &'static str, name: &'static str, column: &'static str, changed: &'static str) {
    for row in read(store, |tx| rows_named(tx, table, name)) {
        let told = store.write("corrupt", move |tx| {
            let before = rows_named(tx, table, name)?;
            let update = format!("UPDATE {table} SET {column} = {changed} WHERE {name} = '{row}'");
            assert_eq!(tx.execute(sql(update), &[])?, 1, "one row of {table} is {row}");
            let report = tx.audit()?;
            let mut names = rows_named(tx, table, name)?;
            names.retain(|name| !before.contains(name));
            names.push(row.clone());
            let first = report.findings.first().map(|finding| finding.row.clone()).unwrap_or_default();
            assert!(
                names.iter().any(|name| first == *name || first.starts_with(&format!("{name} "))),
                "{table}.{column}: {names:?} was changed, found: {:?}",
                report.findings
            );
            Err::<(), _>(TakenBack::Report(report))
        });
        assert!(matches!(told, Err(TakenBack::Report(_))), "{table}.{column}: {told:?}");
    }
}

/// A letter of a text, another bit of a number, a truth turned round, a byte of a hash.
const NUMBER: &str = "#";
const TRUTH: &str = "!";
const LETTER: &str = "?";

fn check_columns(store: &Store, table: &'static str, name: &'static str, columns: &[(&'static str, &str)]) {
    for (column, kept) in columns {
        let changed = match *kept {
            NUMBER => format!("{column} + 256"),
            TRUTH => format!("NOT {column}"),
            LETTER => format!("'e' || substr({column}, 2)"),
            other => other.to_owned(),
        };
        check_named(store, table, name, column, sql(changed));
    }
}

both! {
    fn of_a_charge(bed: &Bed) {
        let numbers = ["day", "account", "thing", "began", "number", "ends", "terms", "list", "net", "recorded", "chained", "seal"];
        let mut columns: Vec<(&str, &str)> = numbers.iter().map(|column| (*column, NUMBER)).collect();
        columns.extend([("part", LETTER), ("part", "''"), ("part", "'No Name'"), ("product", "'zompute'"), ("product", "''")]);
        columns.extend([("paid", "replace(paid, ':', '1:')"), ("paid", "paid || ' cash:1'"), ("paid", "'what'"), ("paid", "''")]);
        check_columns(&charges(bed), "charge", "'charge ' || account || ' ' || chained", &columns);
    }
}

both! {
    fn of_what_an_account_is_and_was_given(bed: &Bed) {
        let store = charges(bed);
        let mut columns: Vec<(&str, &str)> = ["id", "opened", "cash", "debt", "unbilled", "seal"].map(|column| (column, NUMBER)).to_vec();
        columns.extend(["cloud", "name", "zone", "country"].map(|column| (column, LETTER)));
        columns.extend([("pay", "1"), ("pay", "NULL"), ("pay", "7"), ("closed", "0")]);
        check_columns(&store, "account", "'account ' || id", &columns);
        let numbers = ["account", "number", "ledger", "amount", "priority", "starts", "expires", "seal"];
        let mut columns: Vec<(&str, &str)> = numbers.map(|column| (column, NUMBER)).to_vec();
        columns.extend([("name", LETTER), ("products", LETTER), ("products", "''"), ("lapsed", TRUTH), ("expires", "NULL"), ("source", LETTER)]);
        check_columns(&store, "lot", "'lot ' || account || ' ' || number", &columns);
    }
}

both! {
    fn of_a_thing_its_facts_and_its_terms(bed: &Bed) {
        let store = charges(bed);
        let mut columns: Vec<(&str, &str)> = ["id", "project", "seal", "account"].map(|column| (column, NUMBER)).to_vec();
        columns.extend([("cloud", LETTER), ("kind", "1"), ("kind", "9"), ("name", LETTER), ("product", "'zompute'"), ("properties", LETTER)]);
        check_columns(&store, "thing", "'thing ' || id", &columns);
        let mut columns: Vec<(&str, &str)> = ["thing", "at", "key", "recorded", "seal"].map(|column| (column, NUMBER)).to_vec();
        columns.extend([("what", LETTER), ("what", "what || ' '"), ("flagged", TRUTH)]);
        check_columns(&store, "fact", "'fact ' || thing || ' ' || at || ' ' || key", &columns);
        let mut columns: Vec<(&str, &str)> = vec![("id", NUMBER), ("version", NUMBER), ("day", "'2027-01-03'"), ("day", "'soon'")];
        columns.extend(["cloud", "product", "sku", "part", "account", "properties"].map(|column| (column, LETTER)));
        check_columns(&store, "terms", "'terms ' || id", &columns);
    }
}

both! {
    /// Working state has no seal: it has to be what follows from what has one.
    fn of_working_state(bed: &Bed) {
        let store = charges(bed);
        let head = if bed.database.is_some() {
            "set_byte(head, 31, (get_byte(head, 31) + 1) % 256)"
        } else {
            "CAST(substr(head, 1, 31) || x'00' AS BLOB)"
        };
        // The first eight bytes are the number of the terms.
        let form = if bed.database.is_some() {
            "set_byte(form, 0, (get_byte(form, 0) + 1) % 256)"
        } else {
            "CAST(x'0000' || substr(form, 3) AS BLOB)"
        };
        check_columns(&store, "account_state", "'account_state ' || account", &[("account", NUMBER), ("sealed", NUMBER), ("head", head)]);
        let columns = [("account", NUMBER), ("product", "'zompute'"), ("product", "''"), ("paid", "replace(paid, '25', '24')"),
            ("paid", "'what'"), ("paid", "''"), ("paid", "replace(paid, 'cash', 'unbilled')")];
        check_columns(&store, "posted", "'posted ' || account || ' ' || product", &columns);
        let columns = [("account", NUMBER), ("thing", NUMBER), ("part", "'No Name'"), ("form", form)];
        check_columns(&store, "open_charge", "'open_charge ' || account || ' ' || thing || ' ' || part || ' ' || began", &columns);
        check_columns(&store, "thing_payer", "'thing ' || thing", &[("account", NUMBER)]);
        check_columns(&store, "project", "'project ' || id", &[("account", NUMBER), ("cloud", LETTER)]);
        let columns = [("account", NUMBER), ("project", NUMBER)];
        check_columns(&store, "member", "'member ' || account || ' ' || project || ' ' || person", &columns);
    }
}

both! {
    fn a_row_of_charges_taken_out_is_missed(bed: &Bed) {
        let store = charges(bed);
        let accounts = read(&store, |tx| tx.rows("SELECT id FROM account ORDER BY id", &[], |row| row.int(0)));
        let account = accounts[0];
        for (delete, first) in [
            ("DELETE FROM charge WHERE account = $1 AND chained = 3", format!("account_state {account}")),
            ("DELETE FROM charge WHERE account = $1 AND chained = 1", format!("charge {account} 2 ")),
            ("DELETE FROM posted WHERE account = $1", format!("posted {account} compute")),
            ("DELETE FROM account_state WHERE account = $1", format!("account_state {account}")),
            ("DELETE FROM lot WHERE account = $1", format!("posted {account} compute")),
            ("DELETE FROM thing_payer WHERE account = $1", "thing 1".to_owned()),
            ("DELETE FROM thing WHERE account = $1", format!("thing_payer {account} 1")),
            ("DELETE FROM project WHERE account = $1", format!("member {account} ")),
            ("DELETE FROM account WHERE id = $1", format!("account_state {account}")),
        ] {
            let told = store.write("corrupt", move |tx| {
                assert!(tx.execute(delete, &[account.into()])? > 0, "{delete}");
                Err::<(), _>(TakenBack::Report(tx.audit()?))
            });
            let Err(TakenBack::Report(report)) = told else { panic!("{told:?}") };
            let row = report.findings.first().map(|finding| finding.row.as_str()).unwrap_or_default();
            assert!(row.starts_with(&first), "{delete}: {:?}", report.findings);
        }
    }
}

both! {
    /// A transfer of use without a charge, and use by credit whose two legs differ.
    fn use_that_was_moved_and_not_charged_is_found(bed: &Bed) {
        let store = charges(bed);
        for (first, kind) in [("posted", Kind::UsageByCash), ("", Kind::UsageCaptured), ("", Kind::Plain)] {
            let told = store.write("move", move |tx| {
                let account = tx.payer_by_name("cloud", "one")?.expect("the account");
                let books = tx.owner_ensure("cloud", "books", true)?;
                let accounts = tx.accounts_of(books)?;
                let revenue = accounts.iter().find(|row| row.code == "revenue/compute").expect("its income").account.id;
                let moved = Transfer { kind, ..transfer(1_000_000, account.cash.0, revenue.0, 5) };
                let outcomes = tx.ledger_run(&[Command::Transfer(moved)], NOON)?;
                assert!(outcomes.iter().all(|outcome| outcome.code.stands()), "{outcomes:?}");
                Err::<(), _>(TakenBack::Report(tx.audit()?))
            });
            let Err(TakenBack::Report(report)) = told else { panic!("{told:?}") };
            let row = report.findings.first().map(|finding| finding.row.as_str()).unwrap_or_default();
            assert_eq!(row.split(' ').next().unwrap_or_default(), first, "{kind:?}: {:?}", report.findings);
        }
    }
}

/// PostgreSQL keeps no text that is none; SQLite keeps what it is given.
#[test]
fn of_a_policy_so_that_it_is_no_text() {
    let bed = Bed::sqlite();
    let store = policies(&bed);
    for (column, changed) in
        [("cloud", "CAST(x'ff' AS TEXT)"), ("who", "CAST(x'ff' AS TEXT)"), ("why", "CAST(x'61ff' AS TEXT)")]
    {
        check_policy(&store, "policy_version", column, changed);
    }
    for column in ["cloud", "name", "text"] {
        check_policy(&store, "policy_file", column, "CAST(x'ff' AS TEXT)");
    }
}

/// Bytes of the file itself: what SQLite can still read is caught by the ledger, the rest by SQLite.
#[test]
fn a_damaged_file_is_never_called_clean() {
    let bed = Bed::sqlite();
    drop(ledger(&bed));
    drop(policies(&bed));
    let farthing_store::Location::Sqlite(path) = &bed.location else { unreachable!() };
    let sound = std::fs::read(path).expect("the file");
    let first = |text: &[u8]| sound.windows(text.len()).position(|window| window == text).expect("it is in the file");
    // Not the last page: that is one of the schema's, where a letter of a keyword changes nothing by changing its case.
    for (place, what) in [
        (first(b"cash"), "a letter of an account's code"),
        (first(b"price"), "a letter of a policy"),
        (4096 * 3 + 5, "a page's header"),
        (4096 * 18 - 40, "an entry of an index"),
    ] {
        let mut damaged = sound.clone();
        damaged[place] ^= 0x20;
        std::fs::write(path, &damaged).expect("written");
        let clean = Store::open(&bed.location, &farthing_store::Options::existing())
            .and_then(|store| store.read("audit", |tx| tx.audit()))
            .is_ok_and(|report| report.findings.is_empty());
        assert!(!clean, "{what} was changed at byte {place}, and nothing was found");
    }
}
