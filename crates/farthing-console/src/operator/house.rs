//! Every cloud at once, for operators of all of them: what customers have and owe, what the clouds have earned, and what the last proof found. And
//! what this version is.

use crate::Console;
use crate::block::{Block, Cell, Link, Notice, Section, Table};
use crate::frame::PageError;
use crate::operator::ask::Page;
use crate::shell::{Shell, shown};
use crate::web::asked::{Came, language_of};
use crate::web::door::run;
use crate::web::visitor::Visitor;
use crate::words::Language;
use crate::words::figure::Notation;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use farthing_core::ledger::Chart;
use farthing_core::time::Zone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a page of no cloud's is asked with.
pub(super) struct House {
    console: Arc<Console>,
    visitor: Visitor,
    language: Language,
    address: String,
}

type Shown = fn(&House) -> Result<Page, PageError>;

pub(super) fn opens(page: Shown) -> MethodRouter<Arc<Console>> {
    get(move |State(console): State<Arc<Console>>, request: Request| async move {
        let came = match Came::of(request).await {
            Ok((came, _)) => came,
            Err(error) => return error.into_response(),
        };
        run(move || {
            let nowhere = || PageError::NotFound(came.spoken().say("error.no_page").to_owned());
            let visitor = came.parts().extensions.get::<Visitor>().cloned().ok_or_else(nowhere)?;
            let language = language_of(&came.parts().headers, visitor.language).unwrap_or(Language::En);
            let house = House { console, visitor, language, address: came.address() };
            house.rendered(page(&house)?)
        })
        .await
    })
}

impl House {
    fn say(&self, key: &'static str) -> &'static str {
        self.language.say(key)
    }

    fn rendered(&self, page: Page) -> Result<Response, PageError> {
        let mut shell = Shell::plain(self.language, page.title.clone(), self.address.clone());
        shell.csrf.clone_from(&self.visitor.csrf);
        shell.leave.clone_from(&self.visitor.leave);
        shell.above.clone_from(&page.above);
        let role = self.visitor.operator.map_or("", |role| role.name());
        shell.account = self.language.word("operator.role", role);
        shell.feet.push(Link::new("/about", self.say("ops.about")));
        shown(shell, page, None, StatusCode::OK)
    }

    fn table(&self, caption: impl Into<String>, columns: &[&'static str], empty: &'static str) -> Table {
        let label = |key: &&'static str| match key.strip_prefix('#') {
            Some(number) => format!("#{}", self.say(number)),
            None => self.say(key).to_owned(),
        };
        let labels: Vec<String> = columns.iter().map(label).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        Table::new(caption, &labels).when_empty(self.say(empty))
    }
}

/// What a cloud's ledger comes to.
#[derive(Default)]
struct Sums {
    customers: usize,
    cash: i128,
    credit: i128,
    owed: i128,
    held: i128,
    /// What was earned, less the free credit that paid for it.
    revenue: i128,
}

pub(super) fn clouds(house: &House) -> Result<Page, PageError> {
    let console = &house.console;
    let now = console.engine.now()?;
    let mut lines = Vec::new();
    for id in console.engine.cloud_names()? {
        let Some(cloud) = console.cloud_at(&id, now)? else { continue };
        let mut sums = Sums::default();
        console.engine.store().read("console_clouds", |tx| {
            let commodities = tx.commodities()?;
            let currency = crate::customer::currency_of(&commodities, &cloud);
            let mut seen = std::collections::BTreeSet::new();
            tx.cloud_accounts_each(&id, |owner, row| {
                if !owner.books && seen.insert(owner.id) {
                    sums.customers += 1;
                }
                if row.account.commodity != currency {
                    return Ok(());
                }
                let balance = i128::from(row.account.balance());
                sums.held = sums.held.saturating_add(i128::from(row.account.held));
                match Chart::parse(&row.code) {
                    Some(Chart::Cash) => sums.cash = sums.cash.saturating_add(balance),
                    Some(Chart::Credit(_)) => sums.credit = sums.credit.saturating_add(balance),
                    Some(Chart::Receivable(_) | Chart::ReceivableNext | Chart::ReceivableDebt) => {
                        sums.owed = sums.owed.saturating_sub(balance);
                    }
                    Some(Chart::Revenue(_) | Chart::PromoUsed) => sums.revenue = sums.revenue.saturating_add(balance),
                    _ => {}
                }
                Ok(())
            })?;
            Ok::<_, PageError>(())
        })?;
        lines.push((cloud, sums));
    }
    let customers: usize = lines.iter().map(|(_, sums)| sums.customers).sum();
    let count = |key: &str, number: usize| house.language.count(key, i64::try_from(number).unwrap_or(i64::MAX));
    let (clouds, customers) = (count("house.clouds", lines.len()), count("house.customers", customers));
    let sentence = house.language.with("house.sentence", &[("clouds", &clouds), ("customers", &customers)]);
    let columns = [
        "house.cloud",
        "#house.accounts",
        "#figure.cash",
        "#figure.credit",
        "#money.owed",
        "#figure.held",
        "#house.earned",
    ];
    let mut table = house.table(house.say("house.caption"), &columns, "house.empty");
    // Clouds have their own currencies: what is added up is of one.
    let mut together: BTreeMap<&str, (Notation, Sums)> = BTreeMap::new();
    let cells = |name: Cell, sums: &Sums, notation: &Notation| -> Result<Vec<Cell>, PageError> {
        let amount = |units| Ok::<_, PageError>(Cell::amount(notation.full(units)?));
        Ok(vec![
            name,
            Cell::number(crate::grouped(sums.customers as u64)),
            amount(sums.cash)?,
            amount(sums.credit)?,
            amount(sums.owed)?,
            amount(sums.held)?,
            amount(sums.revenue)?,
        ])
    };
    for (cloud, sums) in &lines {
        let notation = Notation::Money { currency: cloud.currency, locale: house.language.locale() };
        let name = Cell::link(crate::frame::cloud_address(&cloud.id), cloud.name.clone()).note(cloud.id.clone());
        table.row(cells(name, sums, &notation)?);
        let entry = together.entry(cloud.currency.code()).or_insert_with(|| (notation, Sums::default()));
        entry.1.customers += sums.customers;
        entry.1.cash += sums.cash;
        entry.1.credit += sums.credit;
        entry.1.owed += sums.owed;
        entry.1.held += sums.held;
        entry.1.revenue += sums.revenue;
    }
    for (code, (notation, sums)) in &together {
        let name = house.language.with("house.together", &[("code", code)]);
        table.row(cells(Cell::text(name).class("strong"), sums, notation)?);
    }
    let mut blocks = vec![Block::Table(table), Block::Text(house.say("house.revenue_note").to_owned())];
    if let Some(verdict) = console.proof().last {
        let at = Cell::moment(verdict.at, &Zone::UTC, house.language)?.text;
        let class = if verdict.is_clean() { "good" } else { "bad" };
        // What was found names rows, in the words of whoever reads rows.
        let told = match (verdict.is_clean(), house.language) {
            (true, Language::Zh) => {
                let report = &verdict.report;
                let counted = [
                    ("transfers", report.transfers),
                    ("accounts", report.accounts),
                    ("charges", report.charges),
                    ("events", report.events),
                ];
                let counted = counted.map(|(name, number)| (name, crate::grouped(number)));
                house.language.with("house.clean", &counted.each_ref().map(|(name, number)| (*name, number.as_str())))
            }
            _ => verdict.sentence(),
        };
        let words = house.language.with("house.proof", &[("verdict", &told), ("time", &at)]);
        blocks.insert(0, Block::Notices(vec![Notice::new(class, words)]));
    }
    let title = house.say("ops.clouds").to_owned();
    Ok(Page { nav: "", title, sentence, above: Vec::new(), sections: vec![Section::plain(blocks)] })
}

#[expect(clippy::unnecessary_wraps, reason = "every page may fail; this one reads nothing")]
pub(super) fn about(house: &House) -> Result<Page, PageError> {
    let store = house.console.engine.store();
    let location = store.file().map_or_else(|| store.location().to_string(), |file| file.display().to_string());
    let sentence = house.language.with("about.sentence", &[("version", env!("CARGO_PKG_VERSION"))]);
    let list = |keys: &[&'static str]| Block::List(keys.iter().map(|key| house.say(key).to_owned()).collect());
    let mut sections = vec![Section::new(
        house.say("about.here"),
        vec![list(&[
            "about.money",
            "about.prices",
            "about.metering",
            "about.settling",
            "about.ledger",
            "about.billing",
            "about.stores",
        ])],
    )];
    if house.console.gate.is_none() {
        let pretended = list(&["about.made_up", "about.no_money", "about.clock", "about.nobody_signs_in"]);
        sections.push(Section::new(house.say("about.pretended"), vec![pretended]));
    }
    // Where the store is, is for those who run all of it.
    if house.visitor.everywhere {
        let commands = format!(
            "farthing verify --deep --store {location}\nfarthing export ledger --store {location} --format hledger"
        );
        sections.push(Section::new(
            house.say("about.check"),
            vec![Block::Text(house.say("about.check_text").to_owned()), Block::Code(commands)],
        ));
    }
    let title = house.say("ops.about").to_owned();
    let above = if house.visitor.everywhere { vec![Link::new("/", house.say("ops.clouds"))] } else { Vec::new() };
    Ok(Page { nav: "", title, sentence, above, sections })
}
