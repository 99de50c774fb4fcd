//! Statements of the cloud's bank, sent by hand: what was taken so far, and taking another, whole or not at all. What is wrong with a file is
//! shown at its line.

use crate::block::{Block, Cell, Field, Notice, Section};
use crate::frame::PageError;
use crate::operator::ask::{Ask, Done, Page, Stop, found};
use crate::web::sight::Trouble;
use farthing_core::access::OperatorDeed;
use farthing_engine::{NewStatement, Unread};

/// A bank's month is smaller.
pub(in crate::operator) const BYTES_MAX: usize = 32 * 1024 * 1024;
/// As many files are listed.
const FILES_MAX: usize = 50;
const ADDRESS: &str = "/queues/statements";

pub(in crate::operator) fn page(ask: &Ask) -> Result<Page, PageError> {
    ask.must(OperatorDeed::MatchBank)?;
    let bank = ask.cloud.profile.policy.bank.as_ref().ok_or_else(|| ask.nowhere())?;
    let sentence = ask.with("statement.sentence", &[("account", &bank.account.0)]);
    let mut blocks = Vec::new();
    let mut trouble = ask.trouble.clone();
    // A place in a file is several lines, which no field has room for.
    if let Some(told) = trouble.as_mut().filter(|told| told.what.contains('\n')) {
        blocks.push(Block::Notices(vec![Notice::new("bad", ask.say("statement.bad"))]));
        blocks.push(Block::Code(std::mem::take(&mut told.what)));
        *told = Trouble { what: ask.say("statement.nothing_taken").to_owned(), ..told.clone() };
    }
    let form = ask
        .form(ask.at(ADDRESS), ask.say("statement.take"))
        .field(
            Field::file("file", ask.say("statement.file"), ".xml,.sta,.mt940,.940,.csv,.txt,text/plain")
                .help(ask.say("statement.help"))
                .needed(),
        )
        .effect([ask.say("statement.effect").to_owned()])
        .with_files()
        .again(trouble.as_ref(), &ask.entered);
    blocks.push(Block::Form(form));
    let title = ask.say("statement.title").to_owned();
    let page = Page::under(ask, "ops.queues", "/queues", title, sentence).section(Section::plain(blocks));
    Ok(page.section(Section::at("files", ask.say("statement.files"), vec![files(ask)?])))
}

fn files(ask: &Ask) -> Result<Block, PageError> {
    let files = found(ask.engine().bank_files(ask.id(), None, FILES_MAX), ask)?;
    let columns = [
        "statement.at",
        "statement.name",
        "statement.kind",
        "statement.who",
        "#statement.rows",
        "#statement.fresh",
        "#bank.amount",
    ];
    let caption = ask.with("statement.caption", &[("count", &files.len().to_string()), ("code", ask.currency())]);
    let mut table = ask.table(caption, &columns, "statement.empty");
    for file in files {
        table.row(vec![
            ask.day(file.at)?,
            Cell::text(file.name),
            Cell::text(ask.language.word("statement.kind", &file.kind)),
            Cell::text(file.who),
            Cell::number(file.rows.to_string()),
            Cell::number(file.fresh.to_string()),
            ask.bare(file.total)?,
        ]);
    }
    Ok(Block::Table(table))
}

pub(in crate::operator) fn take(ask: &Ask) -> Result<Done, Stop> {
    ask.must(OperatorDeed::MatchBank)?;
    let missing = || Stop::Field { field: "file", what: ask.say("error.needed").to_owned() };
    let file = ask.files.get("file").filter(|file| !file.bytes.is_empty()).ok_or_else(missing)?;
    let statements = ask.engine().read_statement(ask.id(), &file.bytes, None).map_err(|why| match why {
        Unread::Bad(bad) => Stop::Field { field: "file", what: bad.shown(&file.name, &file.bytes) },
        Unread::Refused(refused) => Stop::Refused(refused),
    })?;
    let digest = blake3::hash(&file.bytes).to_hex().to_string();
    let statement = NewStatement { name: file.name.clone(), digest, statements };
    let facts = ask.doing().take_statement(ask.id(), &statement).map_err(Stop::Refused)?;
    Ok(Done::here(ask, ADDRESS, if facts.again { "statement_again" } else { "statement" }))
}
