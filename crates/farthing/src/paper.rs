//! Documents as their readers get them: what the engine says of one becomes a value that can be drawn, and that becomes a PDF or an
//! e-invoice. For the API, the command line and mails alike.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farthing_console::Readable;
use farthing_core::bank::EpcTransfer;
use farthing_core::config::Colour;
use farthing_core::money::{Currency, Money};
use farthing_core::policy::{Country, PricesAre};
use farthing_core::tax::Treatment;
use farthing_core::time::{CivilDate, Instant};
use farthing_documents::{
    About, BankAccount, Brand, Document, Kind, Language, Line, Logo, NoEInvoice, Party, TaxSum, Usage,
};
use farthing_engine::{BillParty, Paper, PaperLine};
use std::fmt;

/// What a document is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Pdf,
    Ubl,
    Cii,
}

/// A document, ready to be handed over.
#[derive(Clone, Debug)]
pub struct Made {
    pub bytes: Vec<u8>,
    pub media_type: &'static str,
    /// By its number: letters, digits and a few signs, whatever the number has.
    pub file_name: String,
    /// What is not on it as it should be.
    pub warnings: Vec<String>,
}

#[derive(Debug)]
pub enum NotMade {
    /// It lacks what the norm asks for.
    NoEInvoice(NoEInvoice),
    /// It has no number yet: it gets one right after it was issued.
    NoNumber,
    /// Ours, not its reader's.
    Fault(String),
}

/// How a PNG stands among texts.
pub const PNG_TEXT: &str = "data:image/png;base64,";
const WHITE: Colour = Colour([0xff; 3]);

impl Format {
    pub const fn ending(self) -> &'static str {
        match self {
            Format::Pdf => "pdf",
            Format::Ubl | Format::Cii => "xml",
        }
    }
}

pub fn make(paper: &Paper, format: Format) -> Result<Made, NotMade> {
    if paper.facts.number.is_empty() {
        return Err(NotMade::NoNumber);
    }
    let document = document(paper).map_err(NotMade::Fault)?;
    let (bytes, media_type, warnings) = match format {
        Format::Pdf => {
            let drawn = farthing_documents::pdf(&document).map_err(|error| NotMade::Fault(error.to_string()))?;
            (drawn.bytes, "application/pdf", drawn.warnings)
        }
        Format::Ubl => (farthing_documents::ubl(&document)?, "application/xml; charset=utf-8", Vec::new()),
        Format::Cii => (farthing_documents::cii(&document)?, "application/xml; charset=utf-8", Vec::new()),
    };
    for warning in &warnings {
        tracing::debug!(document = document.number, warning, "a document is not quite as it should be");
    }
    Ok(Made { bytes, media_type, file_name: file_name(&document.number, format), warnings })
}

fn file_name(number: &str, format: Format) -> String {
    let plain = |char: char| if char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.') { char } else { '-' };
    format!("{}.{}", number.chars().map(plain).collect::<String>(), format.ending())
}

fn document(paper: &Paper) -> Result<Document, String> {
    let (facts, policy) = (&paper.facts, &paper.profile.policy);
    let currency = Currency::parse(&facts.currency).map_err(|error| error.to_string())?;
    let money = |units| Money::from_units(units, currency);
    let sum = |parts: &[i64]| money(parts.iter().fold(0_i64, |sum, part| sum.saturating_add(*part)));
    let day = |at: Instant| policy.cloud.time_zone.civil_date_of(at).map_err(|error| error.to_string());
    let micros = |at: i64| Instant::from_micros(at);
    let kind = match facts.kind.as_str() {
        // One that was asked for is a bill that is paid.
        "bill" | "invoice" => Kind::Bill,
        "credit_note" => Kind::CreditNote,
        "receipt" => Kind::Receipt,
        "statement" => Kind::Statement,
        other => return Err(format!("a document of a kind that nobody knows: {other:?}")),
    };
    let language = [paper.language.as_str()]
        .into_iter()
        .chain(policy.cloud.languages.iter().map(|locale| locale.language()))
        .find_map(Language::of_tag)
        .unwrap_or_default();
    // What a credit note takes back of a line is without tax.
    let prices = if facts.prices == "gross" && kind != Kind::CreditNote { PricesAre::Gross } else { PricesAre::Net };
    let brand = &policy.brand;
    let text = |text: Option<String>| text.unwrap_or_default();
    let support = text(brand.support.as_ref().map(ToString::to_string));
    let mut seller = party(&facts.seller);
    seller.email.clone_from(&support);
    let mut buyer = party(&facts.buyer);
    buyer.email.clone_from(&paper.email);
    let held = sum(&[facts.paid, facts.refunded.saturating_neg(), facts.charged_back.saturating_neg()]);
    let about = match (paper.of_issued, facts.of_number.is_empty()) {
        (Some(issued), false) => Some(About { number: facts.of_number.clone(), issued: day(issued)? }),
        _ => None,
    };
    let due_amount = if kind == Kind::Receipt { money(paper.due_after) } else { money(facts.due) };
    let taxes = facts.groups.iter().map(|group| -> Result<TaxSum, String> {
        let treatment = Treatment::ALL.into_iter().find(|treatment| treatment.word() == group.treatment);
        Ok(TaxSum {
            group: group.group.clone(),
            name: group.name.clone(),
            treatment: treatment.ok_or_else(|| format!("a tax treated as {:?}", group.treatment))?,
            percent: group.percent.trim_end_matches('%').trim().to_owned(),
            net: money(group.net),
            tax: money(group.tax),
            reason: group.reason.clone(),
            note: group.note.clone(),
        })
    });
    Ok(Document {
        kind,
        number: facts.number.clone(),
        issued: day(micros(facts.issued))?,
        due: facts.due_at.map(|at| day(micros(at))).transpose()?,
        currency,
        language,
        brand: Brand {
            name: policy.cloud.name.to_string(),
            accent: brand.accent.map(|accent| accent.readable_on(WHITE).0),
            logo: paper.logo.as_deref().and_then(logo),
            support,
        },
        seller,
        buyer,
        prices,
        lines: paper.lines.iter().map(|line| self::line(line, currency)).collect::<Result<_, _>>()?,
        taxes: taxes.collect::<Result<_, String>>()?,
        net: money(facts.net),
        tax: money(facts.tax),
        brought_forward: money(facts.brought_forward),
        total: money(facts.total),
        paid: held,
        credited: sum(&[facts.credited, facts.given_back.saturating_neg()]),
        rolled: money(facts.rolled),
        due_amount,
        about,
        reason: facts.reason.clone(),
        method: facts.method.clone(),
        bank: bank(paper, due_amount),
        notes: notes(paper, language),
    })
}

fn party(party: &BillParty) -> Party {
    let country = match *party.country.as_bytes() {
        [first, second] if first.is_ascii_uppercase() && second.is_ascii_uppercase() => Some(Country([first, second])),
        _ => None,
    };
    Party {
        account: party.account.clone(),
        name: party.name.clone(),
        address: party.address.clone(),
        country,
        region: party.region.clone(),
        tax_number: party.tax_number.clone(),
        email: String::new(),
    }
}

fn line(line: &PaperLine, currency: Currency) -> Result<Line, String> {
    let money = |units| Money::from_units(units, currency);
    let day = |text: &String| CivilDate::parse(text).map_err(|error| error.to_string());
    let (from, to) = (line.from.as_ref().map(day).transpose()?, line.to.as_ref().map(day).transpose()?);
    Ok(Line {
        text: line.text.clone(),
        service: from.zip(to),
        quantity: line.quantity.clone(),
        unit_price: None,
        amount: money(line.amount),
        discount: money(line.coupon),
        net: money(line.net),
        group: line.group.clone().unwrap_or_default(),
        used: line.used.map(|used| Usage {
            list: money(used.list),
            net: money(used.net),
            credit: money(used.credit),
            balance: money(used.balance),
            billed: money(used.unbilled),
        }),
    })
}

/// A bill is paid by a transfer that names its number.
fn bank(paper: &Paper, due: Money) -> Option<BankAccount> {
    let policy = &paper.profile.policy;
    let bank = policy.bank.as_ref().filter(|_| paper.takes_transfers)?;
    let holder = bank.holder.as_ref().unwrap_or(&policy.brand.legal_name).0.clone();
    let bic = bank.bic.as_ref().map(|bic| bic.0.clone()).unwrap_or_default();
    let (account, reference) = (bank.account.0.clone(), paper.facts.number.clone());
    let scan = EpcTransfer {
        name: holder.clone(),
        iban: account.clone(),
        bic: bic.clone(),
        amount: Some(due),
        text: reference.clone(),
    };
    // No code for what is no transfer in euros.
    let scan = scan.payload().unwrap_or_default();
    Some(BankAccount { holder, account, bic, reference, scan })
}

fn notes(paper: &Paper, language: Language) -> Vec<String> {
    let said = match (paper.facts.state.as_str(), language) {
        ("void", Language::En) => "This bill is void: nothing is asked for.",
        ("void", Language::Zh) => "此账单已作废，无需付款。",
        _ => return Vec::new(),
    };
    vec![said.to_owned()]
}

/// As a version of the configuration has it.
fn logo(text: &str) -> Option<Logo> {
    match text.strip_prefix(PNG_TEXT) {
        Some(coded) => Logo::of(STANDARD.decode(coded.trim()).ok()?),
        None => Logo::of(text.as_bytes().to_vec()),
    }
}

impl From<NoEInvoice> for NotMade {
    fn from(error: NoEInvoice) -> NotMade {
        NotMade::NoEInvoice(error)
    }
}

impl fmt::Display for NotMade {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotMade::NoEInvoice(error) => write!(out, "no e-invoice can be made of it: {error}"),
            NotMade::NoNumber => out.write_str("it has no number yet: ask again in a moment"),
            NotMade::Fault(what) => out.write_str(what),
        }
    }
}

impl std::error::Error for NotMade {}
