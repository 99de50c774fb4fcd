//! An invoice or a credit note in the terms of EN 16931, from which UBL and CII are written. What the norm asks for and the document does
//! not have is said, with where to put it; nothing is made up.
//!
//! Two things are not what they seem. A sum brought forward has had its tax on its own bill, so it is no line here: what is already paid
//! (BT-113) is less by it, and a note says so. And how much of something was used is text for people, so each line is one unit at
//! its amount, with that text as an attribute of the item.

pub(crate) mod cii;
pub(crate) mod ubl;

use crate::document::{BankAccount, Document, Kind, Language, Line, Party, TaxSum};
use farthing_core::money::{Currency, Money, MoneyError, Rounding};
use farthing_core::policy::PricesAre;
use farthing_core::tax::Treatment;
use farthing_core::time::CivilDate;
use std::error::Error;
use std::fmt;

/// Why there is no e-invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoEInvoice {
    /// A statement or a receipt.
    Kind,
    /// It asks for nothing of its own, or was never numbered.
    Nothing,
    Missing(Vec<Missing>),
    /// The norm knows two decimals.
    Currency(Currency),
    Money(MoneyError),
}

/// What is missing, and who sets it where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    pub what: &'static str,
    pub remedy: &'static str,
}

const SELLER_COUNTRY: Missing = Missing {
    what: "the seller's country",
    remedy: "write country = \"IE\", or whichever it is, in [brand] of cloud.toml",
};
const SELLER_ADDRESS: Missing =
    Missing { what: "the seller's address", remedy: "write address = \"…\" in [brand] of cloud.toml" };
const SELLER_NUMBER: Missing =
    Missing { what: "the seller's tax number", remedy: "write tax_number = \"…\" in [brand] of cloud.toml" };
const BUYER_COUNTRY: Missing =
    Missing { what: "the buyer's country", remedy: "set the account's company with its country" };
const BUYER_NUMBER: Missing =
    Missing { what: "the buyer's VAT number", remedy: "set the account's company with its tax number" };

#[derive(Debug)]
pub(crate) struct Invoice<'a> {
    pub(crate) document: &'a Document,
    pub(crate) credit_note: bool,
    /// Both can be reached in PEPPOL's network: it follows PEPPOL's rules besides the norm's.
    pub(crate) peppol: bool,
    pub(crate) seller: Trader<'a>,
    pub(crate) buyer: Trader<'a>,
    pub(crate) notes: Vec<String>,
    pub(crate) lines: Vec<InvoiceLine>,
    pub(crate) taxes: Vec<InvoiceTax>,
    pub(crate) period: Option<(CivilDate, CivilDate)>,
    pub(crate) net: Money,
    pub(crate) tax: Money,
    pub(crate) gross: Money,
    pub(crate) prepaid: Money,
    pub(crate) payable: Money,
    pub(crate) bank: Option<&'a BankAccount>,
    /// BT-20
    pub(crate) terms: String,
}

#[derive(Debug)]
pub(crate) struct Trader<'a> {
    pub(crate) party: &'a Party,
    /// With its country before it.
    pub(crate) vat_number: Option<String>,
    /// A number that is no VAT number: a tax office's, where `vat_number` is none and tax is charged.
    pub(crate) tax_number: Option<String>,
    /// A number that only tells who it is.
    pub(crate) legal_number: Option<String>,
    pub(crate) address: Address,
    pub(crate) country: String,
    pub(crate) email: &'a str,
    /// How the party is known in PEPPOL's network: a scheme, and its number there.
    pub(crate) participant: Option<(&'static str, String)>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) lines: Vec<String>,
    pub(crate) postcode: String,
    pub(crate) city: String,
}

#[derive(Debug)]
pub(crate) struct InvoiceLine {
    pub(crate) name: String,
    pub(crate) quantity_text: String,
    pub(crate) period: Option<(CivilDate, CivilDate)>,
    /// Of one unit; never below zero.
    pub(crate) price: Money,
    /// 1, or -1 for what is taken back.
    pub(crate) units: i8,
    pub(crate) discount: Money,
    pub(crate) net: Money,
    pub(crate) category: Category,
    pub(crate) percent: String,
}

#[derive(Debug)]
pub(crate) struct InvoiceTax {
    pub(crate) category: Category,
    pub(crate) percent: String,
    pub(crate) net: Money,
    pub(crate) tax: Money,
    pub(crate) reason: String,
}

/// UNCL 5305, as far as the norm takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    Standard,
    Zero,
    Exempt,
    ReverseCharge,
    OutsideScope,
}

impl Category {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Category::Standard => "S",
            Category::Zero => "Z",
            Category::Exempt => "E",
            Category::ReverseCharge => "AE",
            Category::OutsideScope => "O",
        }
    }

    /// Of the list of the European Commission.
    pub(crate) const fn reason_code(self) -> &'static str {
        match self {
            Category::Standard | Category::Zero | Category::Exempt => "",
            Category::ReverseCharge => "VATEX-EU-AE",
            Category::OutsideScope => "VATEX-EU-O",
        }
    }

    pub(crate) const fn has_rate(self) -> bool {
        !matches!(self, Category::OutsideScope)
    }
}

impl<'a> Invoice<'a> {
    pub(crate) fn of(document: &'a Document) -> Result<Invoice<'a>, NoEInvoice> {
        let credit_note = match document.kind {
            Kind::Bill => false,
            Kind::CreditNote => true,
            Kind::Statement | Kind::Receipt => return Err(NoEInvoice::Kind),
        };
        if document.currency.minor_digits() > 2 {
            return Err(NoEInvoice::Currency(document.currency));
        }
        if document.number.is_empty() || document.taxes.is_empty() {
            return Err(NoEInvoice::Nothing);
        }
        let taxes = taxes(&document.taxes)?;
        let seller = Trader::of(&document.seller, &taxes);
        let buyer = Trader::of(&document.buyer, &taxes);
        missing(&seller, &buyer, &taxes)?;
        let lines: Vec<InvoiceLine> = if document.lines.iter().any(|line| !line.group.is_empty()) {
            let taxed = document.lines.iter().filter(|line| !line.group.is_empty());
            taxed.map(|line| line_of(document, line)).collect::<Result<_, _>>()?
        } else {
            by_group(document)?
        };
        let periods = || lines.iter().filter_map(|line| line.period);
        let period = periods().map(|(from, _)| from).min().zip(periods().map(|(_, to)| to).max());
        let gross = document.net.checked_add(document.tax)?;
        // What was brought forward is owed besides: as if so much less had been paid.
        let prepaid = if credit_note {
            Money::zero(document.currency)
        } else {
            document.paid.checked_sub(document.brought_forward)?
        };
        let payable = gross.checked_sub(prepaid)?;
        Ok(Invoice {
            document,
            credit_note,
            peppol: seller.participant.is_some() && buyer.participant.is_some(),
            notes: notes(document),
            lines,
            taxes,
            period,
            net: document.net,
            tax: document.tax,
            gross,
            prepaid,
            payable,
            bank: document.bank.as_ref().filter(|bank| !bank.account.is_empty() && !credit_note),
            terms: terms(document, payable),
            seller,
            buyer,
        })
    }
}

impl Invoice<'_> {
    /// BT-72: the last day of what was supplied.
    pub(crate) fn delivered(&self) -> CivilDate {
        self.period.map_or(self.document.issued, |(_, last)| last)
    }
}

/// Groups of one category and rate are one for the norm, whatever their tax is called.
fn taxes(groups: &[TaxSum]) -> Result<Vec<InvoiceTax>, NoEInvoice> {
    // What is out of scope stands alone on an invoice; beside other rates it is exempt.
    let alone = groups.iter().all(|group| outside(group.treatment));
    let mut sums: Vec<InvoiceTax> = Vec::new();
    for group in groups {
        let category = category(group, alone);
        let percent = if category.has_rate() { group.percent.clone() } else { String::new() };
        if let Some(sum) = sums.iter_mut().find(|sum| sum.category == category && sum.percent == percent) {
            sum.net = sum.net.checked_add(group.net)?;
            sum.tax = sum.tax.checked_add(group.tax)?;
            continue;
        }
        let reason = match category {
            Category::Standard | Category::Zero => "",
            Category::ReverseCharge | Category::Exempt | Category::OutsideScope => {
                [group.note.as_str(), &group.reason, "no tax is charged"]
                    .into_iter()
                    .find(|text| !text.is_empty())
                    .unwrap_or_default()
            }
        };
        sums.push(InvoiceTax { category, percent, net: group.net, tax: group.tax, reason: reason.to_owned() });
    }
    Ok(sums)
}

const fn outside(treatment: Treatment) -> bool {
    matches!(treatment, Treatment::OutsideScope | Treatment::NoTax)
}

fn category(group: &TaxSum, alone: bool) -> Category {
    match group.treatment {
        Treatment::Standard if is_zero(&group.percent) => Category::Zero,
        Treatment::Standard => Category::Standard,
        Treatment::ReverseCharge => Category::ReverseCharge,
        Treatment::OutsideScope | Treatment::NoTax if alone => Category::OutsideScope,
        Treatment::OutsideScope | Treatment::NoTax => Category::Exempt,
    }
}

fn is_zero(percent: &str) -> bool {
    percent.chars().all(|char| matches!(char, '0' | '.'))
}

fn line_of(document: &Document, line: &Line) -> Result<InvoiceLine, NoEInvoice> {
    let group = document.taxes.iter().find(|group| group.group == line.group).ok_or(NoEInvoice::Nothing)?;
    let alone = document.taxes.iter().all(|group| outside(group.treatment));
    let category = category(group, alone);
    let discount = match document.prices {
        PricesAre::Net => line.discount,
        PricesAre::Gross => without_tax(line)?,
    };
    let before = line.net.checked_add(discount)?;
    let units = if before.is_negative() { -1 } else { 1 };
    Ok(InvoiceLine {
        name: line.text.clone(),
        quantity_text: line.quantity.clone().unwrap_or_default(),
        period: line.service,
        price: before.abs()?,
        units,
        discount,
        net: line.net,
        category,
        percent: if category.has_rate() { group.percent.clone() } else { String::new() },
    })
}

/// What a discount on a price with tax takes off without it: the same part as of the price. All of it off has no parts, and says nothing.
fn without_tax(line: &Line) -> Result<Money, NoEInvoice> {
    let rest = line.amount.checked_sub(line.discount)?;
    if line.discount.is_zero() || rest.is_zero() {
        return Ok(Money::zero(line.discount.currency()));
    }
    let (net, rest) = (i128::from(line.net.units()), i128::from(rest.units()));
    let exact = line.discount.checked_mul_div(net, rest, Rounding::HalfEven)?;
    Ok(exact.round_to_minor(Rounding::HalfEven)?.0)
}

/// A credit note of an amount has no lines of its own: one for each group.
fn by_group(document: &Document) -> Result<Vec<InvoiceLine>, NoEInvoice> {
    let name = match (&document.about, document.language) {
        (Some(about), Language::En) => format!("Credit on {}", about.number),
        (Some(about), Language::Zh) => format!("{} 的退款", about.number),
        (None, Language::En) => "Credit".to_owned(),
        (None, Language::Zh) => "退款".to_owned(),
    };
    let groups = document.taxes.iter().map(|group| {
        let line = Line {
            text: name.clone(),
            service: None,
            quantity: None,
            unit_price: None,
            amount: group.net,
            discount: Money::zero(document.currency),
            net: group.net,
            group: group.group.clone(),
            used: None,
        };
        line_of(document, &line)
    });
    groups.collect()
}

fn notes(document: &Document) -> Vec<String> {
    let mut notes = Vec::new();
    if !document.reason.is_empty() {
        notes.push(document.reason.clone());
    }
    if !document.brought_forward.is_zero() {
        let of: Vec<&str> =
            document.lines.iter().filter(|line| line.group.is_empty()).map(|line| line.text.as_str()).collect();
        notes.push(match document.language {
            Language::En => {
                format!("What is due includes {} brought forward: {}", document.brought_forward, of.join(", "))
            }
            Language::Zh => format!("应付金额包含上期结转 {}：{}", document.brought_forward, of.join("、")),
        });
    }
    notes.extend(document.notes.iter().cloned());
    notes
}

/// What is due has a day, or says when (BR-CO-25).
fn terms(document: &Document, payable: Money) -> String {
    match (document.due, document.kind, document.language) {
        (None, Kind::Bill, Language::En) if payable.is_positive() => "Due on receipt".to_owned(),
        (None, Kind::Bill, Language::Zh) if payable.is_positive() => "收到即付".to_owned(),
        _ => String::new(),
    }
}

impl<'a> Trader<'a> {
    fn of(party: &'a Party, taxes: &[InvoiceTax]) -> Trader<'a> {
        let number: String = party.tax_number.chars().filter(|char| !char.is_whitespace()).collect();
        let with_country =
            number.as_bytes().first_chunk::<2>().is_some_and(|begin| begin.iter().all(u8::is_ascii_uppercase));
        let outside = taxes.iter().any(|tax| tax.category == Category::OutsideScope);
        // Where nothing is in the scope of VAT, numbers for VAT must not be there (BR-O-2): they only tell who it is.
        let participant = participant(&number);
        let (mut vat_number, mut tax_number, mut legal_number) = (None, None, None);
        if !number.is_empty() {
            match (outside, with_country) {
                (true, _) => legal_number = Some(number),
                (false, true) => vat_number = Some(number),
                (false, false) => tax_number = Some(number),
            }
        }
        // The seller is known by one number at least (BR-CO-26); a tax office's alone does not do.
        if let Some(number) = &tax_number {
            legal_number = Some(number.clone());
        }
        let country = party.country.map(|country| country.to_string()).unwrap_or_default();
        Trader {
            party,
            vat_number,
            tax_number,
            legal_number,
            address: Address::of(&party.address),
            country,
            email: party.email.trim(),
            participant,
        }
    }

    /// Its electronic address: in PEPPOL's network where the invoice goes there, else for mails.
    pub(crate) fn endpoint(&self, peppol: bool) -> (&'static str, &str) {
        match &self.participant {
            Some((scheme, number)) if peppol => (scheme, number),
            _ => ("EM", self.email),
        }
    }
}

/// The schemes of PEPPOL's list that are made of VAT numbers, by the country's letters before them.
const PARTICIPANTS: [(&str, &str); 28] = [
    ("AT", "9914"),
    ("BE", "9925"),
    ("BG", "9926"),
    ("CH", "9927"),
    ("CY", "9928"),
    ("CZ", "9929"),
    ("DE", "9930"),
    ("EE", "9931"),
    ("EL", "9933"),
    ("ES", "9920"),
    ("FI", "0213"),
    ("FR", "9957"),
    ("GB", "9932"),
    ("HR", "9934"),
    ("HU", "9910"),
    ("IE", "9935"),
    ("IT", "0211"),
    ("LT", "9937"),
    ("LU", "9938"),
    ("LV", "9939"),
    ("MT", "9943"),
    ("NL", "9944"),
    ("PL", "9945"),
    ("PT", "9946"),
    ("RO", "9947"),
    ("SE", "9955"),
    ("SI", "9949"),
    ("SK", "9950"),
];

fn participant(number: &str) -> Option<(&'static str, String)> {
    let country = number.get(..2)?;
    let (_, scheme) = PARTICIPANTS.iter().find(|(known, _)| *known == country)?;
    Some((scheme, number.to_owned()))
}

impl Address {
    /// Addresses are kept as people write them: what stands last is the city, with its postcode where digits stand before or after it.
    fn of(text: &str) -> Address {
        let cut: &[char] = if text.trim().contains('\n') { &['\n'] } else { &[',', '，'] };
        let mut lines: Vec<String> =
            text.split(cut).map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        let last = if lines.len() > 1 { lines.pop().unwrap_or_default() } else { String::new() };
        let coded = |word: &str| word.chars().filter(char::is_ascii_digit).count() >= 3 && !word.contains(' ');
        let (postcode, city) = match (last.split_once(' '), last.rsplit_once(' ')) {
            (Some((code, city)), _) if coded(code) => (code, city),
            (_, Some((city, code))) if coded(code) => (code, city),
            _ => ("", last.as_str()),
        };
        Address { postcode: postcode.to_owned(), city: city.trim().to_owned(), lines }
    }
}

fn missing(seller: &Trader<'_>, buyer: &Trader<'_>, taxes: &[InvoiceTax]) -> Result<(), NoEInvoice> {
    let reversed = taxes.iter().any(|tax| tax.category == Category::ReverseCharge);
    let wants = [
        (seller.country.is_empty(), SELLER_COUNTRY),
        (seller.party.address.trim().is_empty(), SELLER_ADDRESS),
        (seller.party.tax_number.trim().is_empty() || (reversed && seller.vat_number.is_none()), SELLER_NUMBER),
        (buyer.country.is_empty(), BUYER_COUNTRY),
        (reversed && buyer.vat_number.is_none(), BUYER_NUMBER),
    ];
    let missing: Vec<Missing> = wants.into_iter().filter(|(missing, _)| *missing).map(|(_, what)| what).collect();
    if missing.is_empty() { Ok(()) } else { Err(NoEInvoice::Missing(missing)) }
}

/// An amount as both syntaxes write it.
pub(crate) fn plain(amount: Money) -> String {
    amount.plain()
}

impl From<MoneyError> for NoEInvoice {
    fn from(error: MoneyError) -> NoEInvoice {
        NoEInvoice::Money(error)
    }
}

impl fmt::Display for NoEInvoice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoEInvoice::Kind => {
                out.write_str("only bills and credit notes are invoices; a statement and a receipt are not")
            }
            NoEInvoice::Nothing => out.write_str("it charges nothing of its own, or has no number yet"),
            NoEInvoice::Missing(missing) => {
                out.write_str("an e-invoice needs more than is known: ")?;
                for (place, Missing { what, remedy }) in missing.iter().enumerate() {
                    let cut = if place == 0 { "" } else { "; " };
                    write!(out, "{cut}{what} ({remedy})")?;
                }
                Ok(())
            }
            NoEInvoice::Currency(currency) => write!(out, "EN 16931 has no room for the decimals of {currency}"),
            NoEInvoice::Money(_) => out.write_str("its amounts cannot be added up"),
        }
    }
}

impl Error for NoEInvoice {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            NoEInvoice::Money(error) => Some(error),
            NoEInvoice::Kind | NoEInvoice::Nothing | NoEInvoice::Missing(_) | NoEInvoice::Currency(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_write_it() {
        let address = |text| {
            let Address { lines, postcode, city } = Address::of(text);
            (lines.join("|"), postcode, city)
        };
        let owned = |lines: &str, code: &str, city: &str| (lines.to_owned(), code.to_owned(), city.to_owned());
        assert_eq!(address("1 Main Street\n10115 Berlin"), owned("1 Main Street", "10115", "Berlin"));
        assert_eq!(address("1 Main Street, Floor 2, Dublin D02"), owned("1 Main Street|Floor 2", "", "Dublin D02"));
        assert_eq!(address("Plaza 1, Springfield 62704"), owned("Plaza 1", "62704", "Springfield"));
        assert_eq!(address("Somewhere"), owned("Somewhere", "", ""));
        assert_eq!(address(""), owned("", "", ""));
    }
}
