//! `farthing bank`: the daily work with the cloud's bank. Statements in, what waits decided, files out, refusals in, and what does not agree.

use super::bank_file::{bytes_of, name_of, told};
use super::store::{Desk, Place, plain, print_json, second};
use super::table::{Align, Table};
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use farthing::failure::Failure;
use farthing_core::bank::{BankFileId, BankRowId, RowState};
use farthing_core::money::Currency;
use farthing_core::payment::BillId;
use farthing_core::time::Instant;
use farthing_engine::{
    BankFileFacts, BankRowFacts, NewStatement, Reconciliation, RowDecision, StatementFormat, Unread, read_refusals,
};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Takes statements: whatever is certain is credited, the rest waits for you. The same one twice changes nothing.
    Import(Import),
    /// What moved at the bank, the newest last; with --waiting what you decide, with whose it may be.
    Movements(Movements),
    /// Decides about a movement that waits.
    Decide(Decide),
    /// Makes, lists and writes files for the bank: direct debits and transfers.
    #[command(subcommand)]
    Files(Files),
    /// Takes what the bank refused of a file (pain.002).
    Refusals(Refusals),
    /// What each provider and the bank still owe by the books, and since when.
    Reconcile(Reconcile),
    /// Where an account transfers money to, and the reference it writes.
    Details(Details),
}

#[derive(Args, Debug)]
struct Import {
    /// camt.053, camt.054, MT940, or CSV with the columns that the policy's [bank.csv] names.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What they are, where they do not say so themselves.
    #[arg(long, value_enum)]
    format: Option<Format>,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Camt053,
    Camt054,
    Mt940,
    Csv,
}

#[derive(Args, Debug)]
struct Movements {
    /// Only those that wait for you.
    #[arg(long)]
    waiting: bool,
    /// Only this account's.
    #[arg(long)]
    account: Option<String>,
    /// The newest so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
#[command(group(ArgGroup::new("what").required(true).args(["account", "send_back", "set_aside", "look_again"])))]
struct Decide {
    /// br_…: `farthing bank movements --waiting` shows them.
    movement: String,
    /// It is this account's money.
    #[arg(long)]
    account: Option<String>,
    /// The account's bills that it pays, in order, by number or id; what is left over goes to the balance.
    #[arg(long = "bill", value_name = "BILL", requires = "account")]
    bills: Vec<String>,
    /// It goes back to who sent it, with the next file.
    #[arg(long)]
    send_back: bool,
    /// It is no customer's: it leaves these books.
    #[arg(long)]
    set_aside: bool,
    /// It is looked at once more, by what is known now.
    #[arg(long)]
    look_again: bool,
    /// Why; it is kept.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Subcommand, Debug)]
enum Files {
    /// Puts whatever waits for the bank into files, and says how they are called.
    Make(MakeFiles),
    /// Files from the bank and for it, the newest last.
    List(ListFiles),
    /// Writes a file for the bank: to standard output, or with --out.
    Get(GetFile),
}

#[derive(Args, Debug)]
struct MakeFiles {
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct ListFiles {
    /// The newest so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct GetFile {
    /// bf_…
    file: String,
    /// Where to; it must not be there yet. A folder: under the file's own name.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Refusals {
    /// pain.002
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Reconcile {
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Details {
    account: String,
    /// Puts so much into the code that is scanned.
    #[arg(long)]
    amount: Option<String>,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::Import(import) => take_statements(import)?,
        Command::Movements(movements) => list_movements(movements)?,
        Command::Decide(decide) => decide_movement(decide)?,
        Command::Files(Files::Make(make)) => make_files(make)?,
        Command::Files(Files::List(list)) => list_files(list)?,
        Command::Files(Files::Get(get)) => get_file(get)?,
        Command::Refusals(refusals) => take_refusals(refusals)?,
        Command::Reconcile(reconcile) => reconcile_books(reconcile)?,
        Command::Details(details) => show_details(details)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn take_statements(import: &Import) -> Result<(), Failure> {
    let desk = import.place.desk()?;
    let format = import.format.map(|format| match format {
        Format::Camt053 => StatementFormat::Camt053,
        Format::Camt054 => StatementFormat::Camt054,
        Format::Mt940 => StatementFormat::Mt940,
        Format::Csv => StatementFormat::Csv,
    });
    // All are read before the first is booked: a bad one among them is told with nothing done.
    let mut read = Vec::with_capacity(import.files.len());
    for path in &import.files {
        let bytes = bytes_of(path)?;
        let statements =
            desk.engine.read_statement(&desk.cloud, &bytes, format).map_err(|why| told(path, &bytes, why))?;
        read.push(NewStatement { name: name_of(path), digest: blake3::hash(&bytes).to_hex().to_string(), statements });
    }
    let currency = desk.facts()?.currency;
    let mut taken = Vec::with_capacity(read.len());
    for statement in &read {
        let facts = desk
            .engine
            .take_statement(&desk.cloud, statement)
            .map_err(|refused| format!("{}: {}", statement.name, farthing_store::chain_of(&refused)))?;
        if !desk.json {
            println!("{}", taken_words(&facts, currency));
        }
        taken.push(facts);
    }
    let waiting = desk.engine.bank_rows(&desk.cloud, Some(RowState::Waiting), None, None, SOME)?.len();
    if desk.json {
        let files: Vec<Value> = taken.iter().map(|facts| file_json(facts, currency)).collect();
        return print_json(&json!({ "cloud": desk.cloud, "files": files, "waiting": waiting }));
    }
    match waiting {
        0 => println!("Nothing waits for you."),
        1 => println!("One movement waits for you: farthing bank movements --waiting"),
        SOME => println!("{SOME} movements or more wait for you: farthing bank movements --waiting"),
        many => println!("{many} movements wait for you: farthing bank movements --waiting"),
    }
    Ok(())
}

/// Movements that are counted one by one.
const SOME: usize = 1_000;

fn taken_words(facts: &BankFileFacts, currency: Currency) -> String {
    let (name, rows, fresh) = (&facts.name, facts.rows, facts.fresh);
    if facts.again {
        return format!("{name} was taken before, as {}: nothing has changed.", facts.id);
    }
    let total = plain(facts.total, currency);
    format!("{name}: {}, {fresh} new, {total} {} together.", counted(rows, "movement"), currency.code())
}

fn list_movements(list: &Movements) -> Result<(), Failure> {
    let desk = list.place.desk()?;
    let state = list.waiting.then_some(RowState::Waiting);
    let mut rows = desk.engine.bank_rows(&desk.cloud, state, list.account.as_deref(), None, list.limit)?;
    rows.reverse();
    let currency = desk.facts()?.currency;
    if desk.json {
        let list: Vec<Value> = rows.iter().map(|row| movement_json(row, currency)).collect();
        return print_json(&json!({ "cloud": desk.cloud, "movements": list }));
    }
    if rows.is_empty() {
        println!("There are no such movements of {}.", desk.cloud);
        return Ok(());
    }
    let mut table = Table::new(&[
        ("booked", Align::Left),
        (&format!("amount {}", currency.code()), Align::Number),
        ("from or to", Align::Left),
        ("they wrote", Align::Left),
        ("state", Align::Left),
        ("account", Align::Left),
        ("why", Align::Left),
        ("id", Align::Left),
    ]);
    for row in &rows {
        table.row([
            row.booked.clone(),
            plain(row.amount, currency),
            row.name.clone(),
            short(&row.text.replace('\n', " ")),
            row.state.replace('_', " "),
            row.account.clone(),
            row.why.clone(),
            row.id.clone(),
        ]);
    }
    print!("{table}");
    for row in rows.iter().filter(|row| !row.suggestions.is_empty()) {
        println!();
        println!("{} may be", row.id);
        for one in &row.suggestions {
            let bills = if one.bills.is_empty() { String::new() } else { format!(", bills {}", one.bills.join(", ")) };
            println!("  {}{bills}: {}", one.account, one.why);
        }
    }
    Ok(())
}

/// "1 order", "2 orders"
fn counted(number: i64, noun: &str) -> String {
    super::check::counted(usize::try_from(number).unwrap_or_default(), noun)
}

/// A text that leaves the other columns their room.
fn short(text: &str) -> String {
    const MOST: usize = 40;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}

fn decide_movement(decide: &Decide) -> Result<(), Failure> {
    let desk = decide.place.desk()?;
    let text = &decide.movement;
    let id = BankRowId::parse(text).map_err(|error| {
        format!("{text:?} is no movement's id ({error}): `farthing bank movements --waiting` shows them")
    })?;
    let decided = match &decide.account {
        Some(account) => {
            RowDecision::Account { account: account.clone(), bills: bills_of(&desk, account, &decide.bills)? }
        }
        None if decide.send_back => RowDecision::SendBack,
        None if decide.set_aside => RowDecision::SetAside,
        None => RowDecision::LookAgain,
    };
    let row = desk.engine.decide_bank_row(&desk.cloud, id, &decided, &decide.note)?;
    let currency = desk.facts()?.currency;
    if desk.json {
        return print_json(&movement_json(&row, currency));
    }
    let (amount, code) = (plain(row.amount, currency), currency.code());
    match RowState::parse(&row.state) {
        Some(RowState::Matched) => println!("{amount} {code} are {}'s: {}.", row.account, row.why),
        Some(RowState::GoingBack) => {
            println!("{amount} {code} go back to {}. Put it into a file: farthing bank files make", row.name);
        }
        Some(RowState::SetAside) => println!("{amount} {code} are no customer's: they left these books."),
        _ => println!("{id} is {}: {}.", row.state.replace('_', " "), row.why),
    }
    Ok(())
}

/// Bills by id, or by the number that stands on them.
fn bills_of(desk: &Desk, account: &str, named: &[String]) -> Result<Vec<BillId>, Failure> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let open = desk.engine.bills(&desk.cloud, Some(account), None, None, None, SOME)?;
    let find = |name: &String| {
        let found = open.iter().find(|bill| bill.id == *name || bill.number == *name);
        let found = found.and_then(|bill| BillId::parse(&bill.id).ok());
        found.ok_or_else(|| Failure::from(format!("{account} has no bill {name:?}")))
    };
    named.iter().map(find).collect()
}

fn make_files(make: &MakeFiles) -> Result<(), Failure> {
    let desk = make.place.desk()?;
    let made = desk.engine.make_bank_files(&desk.cloud)?;
    let currency = desk.facts()?.currency;
    if desk.json {
        let files: Vec<Value> = made.iter().map(|facts| file_json(facts, currency)).collect();
        return print_json(&json!({ "cloud": desk.cloud, "files": files }));
    }
    if made.is_empty() {
        println!("Nothing waits for the bank.");
        return Ok(());
    }
    for facts in &made {
        let (total, code) = (plain(facts.total, currency), currency.code());
        println!(
            "{}: {}, {total} {code}. Write it with: farthing bank files get {}",
            facts.name,
            counted(facts.rows, "order"),
            facts.id
        );
    }
    Ok(())
}

fn list_files(list: &ListFiles) -> Result<(), Failure> {
    let desk = list.place.desk()?;
    let mut files = desk.engine.bank_files(&desk.cloud, None, list.limit)?;
    files.reverse();
    let currency = desk.facts()?.currency;
    if desk.json {
        let list: Vec<Value> = files.iter().map(|facts| file_json(facts, currency)).collect();
        return print_json(&json!({ "cloud": desk.cloud, "files": list }));
    }
    if files.is_empty() {
        println!("{} has no files of a bank yet.", desk.cloud);
        return Ok(());
    }
    let mut table = Table::new(&[
        ("at", Align::Left),
        ("kind", Align::Left),
        ("name", Align::Left),
        ("entries", Align::Number),
        ("new", Align::Number),
        (&format!("total {}", currency.code()), Align::Number),
        ("by", Align::Left),
        ("id", Align::Left),
    ]);
    for facts in &files {
        table.row([
            moment(facts.at),
            facts.kind.clone(),
            facts.name.clone(),
            facts.rows.to_string(),
            facts.fresh.to_string(),
            plain(facts.total, currency),
            facts.who.clone(),
            facts.id.clone(),
        ]);
    }
    print!("{table}");
    Ok(())
}

fn get_file(get: &GetFile) -> Result<(), Failure> {
    let desk = get.place.desk()?;
    let text = &get.file;
    let id = BankFileId::parse(text)
        .map_err(|error| format!("{text:?} is no file's id ({error}): `farthing bank files list` shows them"))?;
    let (facts, body) = desk.engine.bank_file(&desk.cloud, id)?;
    let Some(out) = &get.out else {
        print!("{body}");
        return Ok(());
    };
    let path = if out.is_dir() { out.join(&facts.name) } else { out.clone() };
    // Sent twice it would be debited twice at a bank that does not look: nothing is written over.
    let mut file =
        std::fs::File::create_new(&path).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    std::io::Write::write_all(&mut file, body.as_bytes())?;
    if desk.json {
        let mut told = file_json(&facts, desk.facts()?.currency);
        told["path"] = json!(path.display().to_string());
        return print_json(&told);
    }
    println!("{} is written.", path.display());
    Ok(())
}

fn take_refusals(refusals: &Refusals) -> Result<(), Failure> {
    let desk = refusals.place.desk()?;
    let path = &refusals.file;
    let bytes = bytes_of(path)?;
    let read = read_refusals(&bytes).map_err(|bad| told(path, &bytes, Unread::Bad(bad)))?;
    let digest = blake3::hash(&bytes).to_hex().to_string();
    let facts = desk.engine.take_refusals(&desk.cloud, &name_of(path), &digest, &read)?;
    let currency = desk.facts()?.currency;
    if desk.json {
        return print_json(&file_json(&facts, currency));
    }
    let (total, code) = (plain(facts.total, currency), currency.code());
    match (facts.again, facts.fresh) {
        (true, _) => println!("{} was taken before, as {}: nothing has changed.", facts.name, facts.id),
        (false, 0) => println!("{} refuses nothing that the bank was asked for and has not answered.", facts.name),
        (false, 1) => println!("{}: one order of {total} {code} was refused.", facts.name),
        (false, many) => println!("{}: {many} orders were refused, {total} {code} together.", facts.name),
    }
    Ok(())
}

fn reconcile_books(reconcile: &Reconcile) -> Result<(), Failure> {
    let desk = reconcile.place.desk()?;
    let accounts = desk.engine.reconcile(&desk.cloud)?;
    let (orders, orders_total) = desk.engine.bank_orders_waiting(&desk.cloud)?;
    let currency = desk.facts()?.currency;
    if desk.json {
        let list: Vec<Value> = accounts.iter().map(|account| clearing_json(account, currency)).collect();
        let waiting = json!({ "orders": orders, "total": plain(orders_total, currency) });
        return print_json(&json!({
            "cloud": desk.cloud, "currency": currency.code(), "waiting_for_a_file": waiting, "accounts": list,
        }));
    }
    if orders > 0 {
        let total = plain(orders_total, currency);
        println!(
            "{}, {total} {}, for the next file: farthing bank files make",
            counted(orders, "order"),
            currency.code()
        );
    }
    let open: Vec<&Reconciliation> = accounts.iter().filter(|account| account.open != 0).collect();
    if open.is_empty() {
        println!("Everything agrees: nothing is open.");
        return Ok(());
    }
    let mut table = Table::new(&[
        ("account", Align::Left),
        ("day", Align::Left),
        (&format!("open {}", currency.code()), Align::Number),
        ("days old", Align::Number),
        ("", Align::Left),
    ]);
    for account in open {
        for one in &account.differences {
            let amount = plain(one.amount, currency);
            table.row([
                account.account.clone(),
                one.day.clone(),
                amount,
                one.days_old.to_string(),
                account.meaning().to_owned(),
            ]);
        }
        if account.cut {
            table.row([account.account.as_str(), "before", "…", "", "older ones are not shown"]);
        }
    }
    print!("{table}");
    Ok(())
}

fn show_details(details: &Details) -> Result<(), Failure> {
    let desk = details.place.desk()?;
    let amount = details.amount.as_deref().map(|text| desk.amount(text)).transpose()?;
    let told = desk.engine.transfer_details(&desk.cloud, &details.account, amount)?;
    let currency = desk.facts()?.currency;
    let above = told.required_above.map(|units| plain(units, currency));
    if desk.json {
        return print_json(&json!({
            "account": details.account, "holder": told.holder, "iban": told.account, "bic": told.bic,
            "reference": told.reference, "scan": told.scan, "required_above": above, "currency": currency.code(),
        }));
    }
    println!("{:<10}  {}", "to", told.holder);
    println!("{:<10}  {}", "account", told.account);
    if !told.bic.is_empty() {
        println!("{:<10}  {}", "BIC", told.bic);
    }
    println!("{:<10}  {}", "reference", told.reference);
    if let Some(above) = above {
        println!("Above {above} {} only a transfer is taken.", currency.code());
    }
    Ok(())
}

fn moment(micros: i64) -> String {
    second(Instant::from_micros(micros))
}

fn file_json(facts: &BankFileFacts, currency: Currency) -> Value {
    json!({
        "id": facts.id, "kind": facts.kind, "name": facts.name, "at": Instant::from_micros(facts.at).to_string(),
        "entries": facts.rows, "fresh": facts.fresh, "total": plain(facts.total, currency),
        "currency": currency.code(), "by": facts.who, "again": facts.again,
    })
}

fn movement_json(row: &BankRowFacts, currency: Currency) -> Value {
    let suggestions: Vec<Value> = row
        .suggestions
        .iter()
        .map(|one| json!({ "account": one.account, "bills": one.bills, "why": one.why }))
        .collect();
    json!({
        "id": row.id, "booked_on": row.booked, "amount": plain(row.amount, currency), "currency": currency.code(),
        "nature": row.nature, "name": row.name, "iban": row.iban, "text": row.text, "reference": row.reference,
        "reason": row.reason, "state": row.state, "account": row.account, "why": row.why, "decided_by": row.who,
        "suggestions": suggestions,
    })
}

fn clearing_json(account: &Reconciliation, currency: Currency) -> Value {
    let differences: Vec<Value> = account
        .differences
        .iter()
        .map(|one| json!({ "day": one.day, "amount": plain(one.amount, currency), "days_old": one.days_old }))
        .collect();
    json!({
        "account": account.account, "open": plain(account.open, currency), "differences": differences,
        "cut": account.cut,
    })
}
