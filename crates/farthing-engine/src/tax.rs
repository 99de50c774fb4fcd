//! What taxes an account's money bears, and who it is for them. Assessed when money comes in, and kept with it: what goes back later bears the
//! tax that it came with.

use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::{account_ever, account_of};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::bank::name_words;
use farthing_core::config::Name;
use farthing_core::ledger::Chart;
use farthing_core::ledger::posting::Part;
use farthing_core::money::MoneyError;
use farthing_core::policy::{Country, TaxPoint};
use farthing_core::settle::SettleError;
use farthing_core::tax::{Assessment, TaxParty, Taxed, VatNumber, assess};
use farthing_core::time::Instant;
use farthing_store::{CompanyRow, PayerRow, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A tax, and why it is so much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TaxDue {
    pub(crate) amount: i64,
    /// An assessment as text; empty: taxes fall due elsewhere.
    pub(crate) assessed: String,
}

/// Who an account is, for taxes and on documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyFacts {
    pub name: String,
    pub address: String,
    /// Two letters; empty: the account's own.
    pub country: String,
    pub region: String,
    pub tax_number: String,
    /// Whether its bills are collected by themselves; none: as the policy says.
    pub collect: Option<bool>,
}

/// What is to change of it; what is not said stays.
#[derive(Clone, Debug, Default)]
pub struct CompanyChange {
    pub name: Option<String>,
    pub address: Option<String>,
    pub country: Option<String>,
    pub region: Option<String>,
    pub tax_number: Option<String>,
    pub collect: Option<bool>,
}

impl Engine {
    pub fn company(&self, cloud: &str, account: &str) -> Result<CompanyFacts, Refused> {
        self.store.read("company", |tx| {
            let payer = tx.payer_by_name(cloud, account)?.ok_or_else(|| Refused::not_found("account", account))?;
            Ok(facts_of(tx.company(payer.id)?.unwrap_or_default()))
        })
    }

    /// Says who an account is. What was billed before stays as it was: documents have their own copy.
    pub fn set_company(&self, cloud: &str, account: &str, change: &CompanyChange) -> Result<CompanyFacts, Refused> {
        let (account, change) = (account.to_owned(), change.clone());
        self.ask("set_company", cloud, move |work| {
            let payer = account_of(work, &account)?;
            work.load(&[payer.id])?;
            let was = work.company(payer.id)?.clone();
            let pick = |new: &Option<String>, old: &String| new.as_ref().unwrap_or(old).trim().to_owned();
            let mut row = CompanyRow {
                name: pick(&change.name, &was.name),
                address: pick(&change.address, &was.address),
                country: pick(&change.country, &was.country),
                region: pick(&change.region, &was.region),
                tax_number: pick(&change.tax_number, &was.tax_number),
                collect: change.collect.or(was.collect),
            };
            check(&mut row, &payer)?;
            work.put_company(payer.id, row.clone())?;
            let (cloud, words) = (work.cloud.id.clone(), name_words(&row.name));
            work.tx.name_words_put(&cloud, payer.id, &words)?;
            // Names and addresses are a person's: the audit log says that they changed, not to what.
            let told = json!({ "country": row.country, "region": row.region, "has_tax_number": !row.tax_number.is_empty(), "collect": row.collect });
            work.notes.push(Note::new("company.changed", format!("account {account}")).became(&told));
            Ok(facts_of(row))
        })
    }

    /// Forgets who an account is. What was issued keeps its own copy, as the law wants it.
    pub fn erase_company(&self, cloud: &str, account: &str) -> Result<(), Refused> {
        let account = account.to_owned();
        self.ask("erase_company", cloud, move |work| {
            let payer = account_ever(work, &account)?;
            work.erase_company(payer.id)?;
            let cloud = work.cloud.id.clone();
            work.tx.name_words_put(&cloud, payer.id, &[])?;
            work.notes.push(Note::new("company.erased", format!("account {account}")));
            Ok(())
        })
    }
}

fn facts_of(row: CompanyRow) -> CompanyFacts {
    let CompanyRow { name, address, country, region, tax_number, collect } = row;
    CompanyFacts { name, address, country, region, tax_number, collect }
}

fn check(row: &mut CompanyRow, payer: &PayerRow) -> Result<(), Refused> {
    let invalid = |what: String| Refused::new(RefusalCode::Invalid, what);
    let long =
        [&row.name, &row.region].iter().any(|text| text.chars().count() > 200) || row.address.chars().count() > 1_000;
    let plain = |text: &String| !text.chars().any(|char| char.is_control() && char != '\n');
    if long || ![&row.name, &row.address, &row.region, &row.tax_number].into_iter().all(plain) {
        let what =
            "a company's name and region have at most 200 characters, its address 1,000, and no control characters";
        return Err(invalid(what.to_owned()));
    }
    if !row.country.is_empty() && country_of(&row.country).is_none() {
        return Err(invalid(format!(
            "{:?} is no country: write two capital letters of ISO 3166, such as DE",
            row.country
        )));
    }
    if row.tax_number.is_empty() {
        return Ok(());
    }
    let country = if row.country.is_empty() { &payer.country } else { &row.country };
    match VatNumber::parse(&row.tax_number) {
        Ok(number) => number.as_str().clone_into(&mut row.tax_number),
        // Elsewhere numbers have forms of their own, which nobody checks here.
        Err(_) if country_of(country).is_some_and(|country| !farthing_core::tax::is_member(country)) => {
            if row.tax_number.chars().count() > 40 {
                return Err(invalid("a tax number has at most 40 characters".to_owned()));
            }
        }
        Err(error) => return Err(invalid(error.to_string())),
    }
    Ok(())
}

fn country_of(text: &str) -> Option<Country> {
    match *text.as_bytes() {
        [first @ b'A'..=b'Z', second @ b'A'..=b'Z'] => Some(Country([first, second])),
        _ => None,
    }
}

/// How a sale to an account is taxed today; none: its country is not known, nor the cloud's.
pub(crate) fn assessed(work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<Option<Assessment>, EngineError> {
    let now = work.now;
    assessed_of(work, payer, None, now)
}

/// The same of something of a category, at the rates of an instant.
pub(crate) fn assessed_of(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    category: Option<&Name>,
    at: Instant,
) -> Result<Option<Assessment>, EngineError> {
    let company = work.company(payer.id)?.clone();
    let policy = work.policy_at(at)?;
    let seller = policy.brand.country;
    let named = if company.country.is_empty() { &payer.country } else { &company.country };
    let Some(country) = country_of(named).or(seller) else { return Ok(None) };
    let party = TaxParty {
        country,
        region: (!company.region.is_empty()).then(|| company.region.clone()),
        business: !company.tax_number.is_empty(),
        number: VatNumber::parse(&company.tax_number).ok(),
    };
    let on = policy.cloud.time_zone.civil_date_of(at).map_err(SettleError::from)?;
    Ok(Some(assess(&policy.tax, seller, &party, category, on)))
}

/// What comes on top of money that is paid in, where that is when tax falls due (R33): the wallet gets the net.
pub(crate) fn tax_on_top_up(work: &mut Work<'_, '_>, payer: &PayerRow, net: i64) -> Result<TaxDue, EngineError> {
    if work.policy_at(work.now)?.tax.tax_point != TaxPoint::TopUp {
        return Ok(TaxDue::default());
    }
    let Some(assessment) = assessed(work, payer)? else { return Ok(TaxDue::default()) };
    let overflow = |_: MoneyError| SettleError::Overflow { what: "tax a top-up" };
    // What is below the smallest coin is never paid in by a customer; an operator may book it, and it bears no tax of its own.
    let net = work.money(net).round_to_minor(farthing_core::money::Rounding::Down).map_err(overflow)?.0;
    let taxed = Taxed::of_net(net, assessment.percent()).map_err(overflow)?;
    Ok(TaxDue { amount: taxed.tax().units(), assessed: assessment.to_text() })
}

/// What of money that came in is its tax, where that is when tax falls due: the wallet gets the rest.
pub(crate) fn tax_within(work: &mut Work<'_, '_>, payer: &PayerRow, gross: i64) -> Result<(i64, TaxDue), EngineError> {
    if work.policy_at(work.now)?.tax.tax_point != TaxPoint::TopUp {
        return Ok((gross, TaxDue::default()));
    }
    let Some(assessment) = assessed(work, payer)? else { return Ok((gross, TaxDue::default())) };
    let overflow = |_: MoneyError| SettleError::Overflow { what: "tax a transfer" };
    let taxed = Taxed::of_gross(work.money(gross), assessment.percent()).map_err(overflow)?;
    Ok((taxed.net().units(), TaxDue { amount: taxed.tax().units(), assessed: assessment.to_text() }))
}

/// Where a tax stands in the cloud's books: nowhere, where there is none.
pub(crate) fn tax_part(work: &mut Work<'_, '_>, assessed: &str, amount: i64) -> Result<Vec<Part>, EngineError> {
    if amount == 0 {
        return Ok(Vec::new());
    }
    let assessment = Assessment::parse(assessed).map_err(|error| StoreError::corrupt(error.to_string()))?;
    let account = work.book_account(Chart::Tax(assessment.group().to_string()))?;
    Ok(vec![Part { account, amount }])
}
