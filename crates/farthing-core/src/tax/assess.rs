//! Whose rate of tax a sale bears, and why (R33). What is found is frozen on the document: a later rate, another address or
//! another policy never changes it.
//!
//! | rates | buyer | tax |
//! |---|---|---|
//! | none | whoever | none |
//! | own | where a row holds | the row's; the most specific by region, then category, then the latest `from` |
//! | own | elsewhere | outside the scope |
//! | eu | outside the EU | outside the scope |
//! | eu | a valid number of a member state, buyer and number outside the seller's | reverse charge, if the policy has it |
//! | eu | a valid number of the seller's state, or an address there | the seller's rate |
//! | eu | everybody else: consumers, and businesses without a valid number | the rate of their country |
//!
//! Reverse charge with own rates is the same row. A buyer at home in the seller's country pays its rate whatever number they
//! hold: the service is supplied where they are. A number of Northern Ireland moves nothing, for it is about goods.

use super::{VatNumber, eu};
use crate::config::Name;
use crate::policy::{Country, Tax, TaxRates};
use crate::rate::Percent;
use crate::time::CivilDate;
use serde_json::{Map, Value};
use std::error::Error;
use std::fmt;

/// Who buys, as the account says it when the tax is assessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxParty {
    pub country: Country,
    /// A part of the country, where it has rates of its own.
    pub region: Option<String>,
    /// They buy as a business: a number was given, valid or not.
    pub business: bool,
    pub number: Option<VatNumber>,
}

/// How a sale is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Treatment {
    /// Taxed at the rate; a rate of zero is a rate.
    Standard,
    /// The buyer owes the tax.
    ReverseCharge,
    /// Supplied where the seller charges no tax.
    OutsideScope,
    /// This cloud charges none.
    NoTax,
}

/// The tax of a sale, and why it is that. Only `assess` and `parse` make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    treatment: Treatment,
    percent: Percent,
    name: String,
    country: Country,
    region: Option<String>,
    reason: String,
    note: Option<String>,
}

/// Sales that bear one tax: taxed and rounded together. Its text is the detail of the ledger's `tax/…` and `carry/…`: `DE-19`,
/// `US_CA-7.25`, `CA_QC-GST-5` where the tax has another name than VAT, `FR-reverse`, `US-outside`, `IE-none`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaxGroup {
    text: String,
}

/// A stored text that no assessment was written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssessmentTextError {
    pub field: &'static str,
}

/// The tax on something of that category sold on that day. `seller` is where the cloud is.
pub fn assess(
    policy: &Tax,
    seller: Option<Country>,
    buyer: &TaxParty,
    category: Option<&Name>,
    on: CivilDate,
) -> Assessment {
    match policy.rates {
        TaxRates::Absent => untaxed(Treatment::NoTax, buyer, "no tax is charged".to_owned()),
        TaxRates::Own => match (own_rate(policy, buyer, category, on), reverse_charge(policy, seller, buyer)) {
            (None, _) => {
                let reason = format!("outside the scope: no rate of tax is set for {}", place(buyer));
                untaxed(Treatment::OutsideScope, buyer, reason)
            }
            (Some((name, _)), Some(number)) => reversed(buyer, name, number),
            (Some((name, percent)), None) => {
                let reason = format!("the rate of {} on {on}", place(buyer));
                taxed(buyer.country, buyer.region.clone(), name, percent, reason)
            }
        },
        TaxRates::Eu => european(policy, seller, buyer, on),
    }
}

fn european(policy: &Tax, seller: Option<Country>, buyer: &TaxParty, on: CivilDate) -> Assessment {
    let Some(theirs) = eu::standard_rate(buyer.country, on) else {
        let reason = format!("outside the scope: {} is not in the European Union for VAT on services", buyer.country);
        return untaxed(Treatment::OutsideScope, buyer, reason);
    };
    if let Some(number) = reverse_charge(policy, seller, buyer) {
        return reversed(buyer, VAT, number);
    }
    let number_at_home = buyer.number.as_ref().is_some_and(|number| Some(number.country()) == seller);
    if let Some(seller) = seller
        && (number_at_home || buyer.country == seller)
        && let Some(percent) = eu::standard_rate(seller, on)
    {
        let why =
            if number_at_home { "a number of the seller's own country" } else { "the buyer is where the seller is" };
        return taxed(seller, None, VAT, percent, format!("{why}: the rate of {seller} on {on}"));
    }
    let who = match (buyer.business, &buyer.number) {
        (true, Some(_)) => "a business, without reverse charge",
        (true, None) => "a business without a valid VAT number",
        (false, _) => "a consumer",
    };
    taxed(buyer.country, None, VAT, theirs, format!("{who}: the rate of {} on {on}", buyer.country))
}

const VAT: &str = "VAT";

/// The number that moves the tax to the buyer, if one does.
fn reverse_charge<'a>(policy: &Tax, seller: Option<Country>, buyer: &'a TaxParty) -> Option<&'a VatNumber> {
    let number = buyer.number.as_ref()?;
    let elsewhere = Some(number.country()) != seller && Some(buyer.country) != seller;
    (policy.reverse_charge && elsewhere && eu::is_member(number.country()) && eu::is_member(buyer.country))
        .then_some(number)
}

/// The most specific row: of a region before its country's, of a category before that of all, and of those the latest.
fn own_rate<'a>(
    policy: &'a Tax,
    buyer: &TaxParty,
    category: Option<&Name>,
    on: CivilDate,
) -> Option<(&'a str, Percent)> {
    let same_region = |wanted: &str| buyer.region.as_ref().is_some_and(|region| region.eq_ignore_ascii_case(wanted));
    let rows = policy.rate.iter().filter(|row| {
        row.country == buyer.country
            && row.region.as_ref().is_none_or(|region| same_region(&region.0))
            && row.category.as_ref().is_none_or(|wanted| Some(wanted) == category)
            && row.from.is_none_or(|from| from <= on)
    });
    let row = rows.max_by_key(|row| (row.region.is_some(), row.category.is_some(), row.from))?;
    Some((&row.name.0, row.percent))
}

fn place(buyer: &TaxParty) -> String {
    buyer.region.as_ref().map_or_else(|| buyer.country.to_string(), |region| format!("{}, {region}", buyer.country))
}

fn taxed(country: Country, region: Option<String>, name: &str, percent: Percent, reason: String) -> Assessment {
    let name = name.to_owned();
    Assessment { treatment: Treatment::Standard, percent, name, country, region, reason, note: None }
}

fn untaxed(treatment: Treatment, buyer: &TaxParty, reason: String) -> Assessment {
    let TaxParty { country, region, .. } = buyer;
    let (country, region) = (*country, region.clone());
    Assessment { treatment, percent: Percent::ZERO, name: VAT.to_owned(), country, region, reason, note: None }
}

fn reversed(buyer: &TaxParty, name: &str, number: &VatNumber) -> Assessment {
    Assessment {
        treatment: Treatment::ReverseCharge,
        percent: Percent::ZERO,
        name: name.to_owned(),
        country: buyer.country,
        region: None,
        reason: format!("reverse charge: {number} is a valid number of another member state"),
        // The two words that article 226 (11a) of the VAT directive asks for, and what they mean.
        note: Some(format!("Reverse charge: VAT is to be accounted for by the recipient, {number}")),
    }
}

impl Treatment {
    pub const ALL: [Treatment; 4] =
        [Treatment::Standard, Treatment::ReverseCharge, Treatment::OutsideScope, Treatment::NoTax];

    pub const fn word(self) -> &'static str {
        match self {
            Treatment::Standard => "standard",
            Treatment::ReverseCharge => "reverse_charge",
            Treatment::OutsideScope => "outside_scope",
            Treatment::NoTax => "no_tax",
        }
    }
}

impl Assessment {
    /// Of what bears no tax whoever buys it: a sum brought forward, whose tax stands on its own bill.
    pub fn none(country: Country, reason: impl Into<String>) -> Assessment {
        Assessment {
            treatment: Treatment::NoTax,
            percent: Percent::ZERO,
            name: VAT.to_owned(),
            country,
            region: None,
            reason: reason.into(),
            note: None,
        }
    }

    pub const fn treatment(&self) -> Treatment {
        self.treatment
    }

    /// Zero unless the treatment is `Standard`.
    pub const fn percent(&self) -> Percent {
        self.percent
    }

    /// As documents call the tax: `VAT`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose tax it is, or where the buyer is where there is none.
    pub const fn country(&self) -> Country {
        self.country
    }

    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// For people: why it is so.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What the document must say beside the amounts.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    pub fn group(&self) -> TaxGroup {
        let mut place = self.country.to_string();
        if let Some(region) = &self.region {
            place = format!("{place}_{}", plain(region));
        }
        let name = if self.name == VAT { String::new() } else { format!("-{}", plain(&self.name)) };
        let percent = self.percent.to_string();
        let rate = match self.treatment {
            Treatment::Standard => percent.trim_end_matches('%'),
            Treatment::ReverseCharge => "reverse",
            Treatment::OutsideScope => "outside",
            Treatment::NoTax => "none",
        };
        TaxGroup { text: format!("{place}{name}-{rate}") }
    }

    /// As it is stored: one JSON object, its keys in order, the same bytes each time.
    pub fn to_text(&self) -> String {
        let Assessment { treatment, percent, name, country, region, reason, note } = self;
        let mut fields = Map::new();
        let mut put = |key: &str, text: &str| drop(fields.insert(key.to_owned(), Value::String(text.to_owned())));
        put("treatment", treatment.word());
        put("percent", percent.to_string().trim_end_matches('%'));
        put("name", name);
        put("country", &country.to_string());
        put("reason", reason);
        if let Some(region) = region {
            put("region", region);
        }
        if let Some(note) = note {
            put("note", note);
        }
        Value::Object(fields).to_string()
    }

    /// Reads what `to_text` wrote.
    pub fn parse(text: &str) -> Result<Assessment, AssessmentTextError> {
        let wrong = |field| AssessmentTextError { field };
        let fields: Map<String, Value> = serde_json::from_str(text).map_err(|_| wrong("text"))?;
        let optional = |key: &'static str| fields.get(key).and_then(Value::as_str);
        let get = |key: &'static str| optional(key).ok_or(wrong(key));
        let treatment = get("treatment")?;
        let treatment = Treatment::ALL.into_iter().find(|known| known.word() == treatment).ok_or(wrong("treatment"))?;
        let percent = Percent::parse(get("percent")?).map_err(|_| wrong("percent"))?;
        if treatment != Treatment::Standard && !percent.is_zero() {
            return Err(wrong("percent"));
        }
        let &[first @ b'A'..=b'Z', second @ b'A'..=b'Z'] = get("country")?.as_bytes() else {
            return Err(wrong("country"));
        };
        Ok(Assessment {
            treatment,
            percent,
            name: get("name")?.to_owned(),
            country: Country([first, second]),
            region: optional("region").map(str::to_owned),
            reason: get("reason")?.to_owned(),
            note: optional("note").map(str::to_owned),
        })
    }
}

/// Letters, digits and dots stay; all else is `_`, so that a group's parts can be told apart.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_alphanumeric() || letter == '.' { letter } else { '_' }).collect()
}

impl TaxGroup {
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for TaxGroup {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Display for AssessmentTextError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a stored tax assessment has no readable {}", self.field)
    }
}

impl Error for AssessmentTextError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Text;
    use crate::policy::TaxRate;

    fn country(code: &str) -> Country {
        Country(code.as_bytes().try_into().unwrap())
    }

    fn policy(rates: TaxRates, reverse_charge: bool, rate: Vec<TaxRate>) -> Tax {
        let Tax { places, prices, tax_point, .. } = crate::config::default_of::<Tax>("{}");
        Tax { places, prices, tax_point, rates, reverse_charge, rate }
    }

    fn buyer(of: &str, number: Option<&str>) -> TaxParty {
        let number = number.map(|number| VatNumber::parse(number).unwrap());
        TaxParty { country: country(of), region: None, business: number.is_some(), number }
    }

    /// The group and the reason; whatever is found reads back from its text.
    fn check(found: &Assessment, group: &str, reason: &str) {
        assert_eq!((found.group().as_str(), found.reason()), (group, reason));
        assert_eq!(Assessment::parse(&found.to_text()).as_ref(), Ok(found));
    }

    /// R33, with a seller in Ireland.
    #[test]
    fn r33_whose_rate_a_sale_bears() {
        let policy = policy(TaxRates::Eu, true, Vec::new());
        let on = CivilDate::parse("2026-08-18").unwrap();
        let check = |buyer: &TaxParty, group: &str, reason: &str| {
            check(&assess(&policy, Some(country("IE")), buyer, None, on), group, reason);
        };
        check(&buyer("DE", None), "DE-19", "a consumer: the rate of DE on 2026-08-18");
        check(&buyer("FI", None), "FI-25.5", "a consumer: the rate of FI on 2026-08-18");
        check(
            &buyer("DE", Some("DE136695976")),
            "DE-reverse",
            "reverse charge: DE136695976 is a valid number of another member state",
        );
        check(
            &buyer("GR", Some("GR094259216")),
            "GR-reverse",
            "reverse charge: EL094259216 is a valid number of another member state",
        );
        let home = "a number of the seller's own country: the rate of IE on 2026-08-18";
        check(&buyer("IE", Some("IE6433435F")), "IE-23", home);
        check(&buyer("DE", Some("IE6433435F")), "IE-23", home);
        let here = "the buyer is where the seller is: the rate of IE on 2026-08-18";
        check(&buyer("IE", None), "IE-23", here);
        check(&buyer("IE", Some("DE136695976")), "IE-23", here); // at home here, whatever number they hold
        let outside = "outside the scope: US is not in the European Union for VAT on services";
        check(&buyer("US", None), "US-outside", outside);
        check(&buyer("US", Some("DE136695976")), "US-outside", outside);
        let britain = "outside the scope: GB is not in the European Union for VAT on services";
        check(&buyer("GB", Some("XI980780684")), "GB-outside", britain); // Northern Ireland is in it for goods alone
        let plain = TaxParty { business: true, ..buyer("DE", None) };
        check(&plain, "DE-19", "a business without a valid VAT number: the rate of DE on 2026-08-18");
    }

    #[test]
    fn r33_the_rate_of_the_day_and_of_the_policy() {
        let on = |text| CivilDate::parse(text).unwrap();
        let eu = |reverse| policy(TaxRates::Eu, reverse, Vec::new());
        let seller = Some(country("IE"));
        let of = |found: Assessment| (found.treatment(), found.percent().to_string());
        let estonian = buyer("EE", Some("EE100931558"));
        // Without reverse charge a number moves nothing.
        let found = assess(&eu(false), seller, &estonian, None, on("2025-06-30"));
        assert_eq!(of(found), (Treatment::Standard, "22%".to_owned()));
        let found = assess(&eu(false), seller, &estonian, None, on("2025-07-01"));
        assert_eq!(of(found), (Treatment::Standard, "24%".to_owned()));
        // A seller outside the Union: its customers' countries, and reverse charge for every valid number.
        let found = assess(&eu(true), Some(country("US")), &estonian, None, on("2026-01-01"));
        assert_eq!(of(found), (Treatment::ReverseCharge, "0%".to_owned()));
        let reversed = assess(&eu(true), seller, &estonian, None, on("2026-01-01"));
        let note = "Reverse charge: VAT is to be accounted for by the recipient, EE100931558";
        assert_eq!(reversed.note(), Some(note));
        let found = assess(&policy(TaxRates::Absent, false, Vec::new()), seller, &estonian, None, on("2026-01-01"));
        check(&found, "EE-none", "no tax is charged");
    }

    #[test]
    fn own_rates_go_by_region_then_category_then_date() {
        let row =
            |place: &str, region: Option<&str>, category: Option<&str>, percent: &str, from: Option<&str>| TaxRate {
                places: crate::config::default_of::<Tax>("{}").places,
                country: country(place),
                region: region.map(|region| Text(region.to_owned())),
                category: category.map(|category| Name(category.to_owned())),
                percent: Percent::parse(percent).unwrap(),
                name: Text(if place == "CA" { "GST" } else { "VAT" }.to_owned()),
                from: from.map(|from| CivilDate::parse(from).unwrap()),
            };
        let rows = vec![
            row("CN", None, None, "13", None),
            row("CN", None, None, "12", Some("2027-01-01")),
            row("CN", None, Some("service"), "6", None),
            row("CN", Some("Hainan"), None, "3", None),
            row("CA", Some("Prince Edward Island"), None, "15", None),
            row("SG", None, None, "0", None),
        ];
        let policy = policy(TaxRates::Own, false, rows);
        let assess = |place: &str, region: Option<&str>, category: Option<&str>, on: &str| {
            let buyer = TaxParty { region: region.map(str::to_owned), ..buyer(place, None) };
            let category = category.map(|category| Name(category.to_owned()));
            assess(&policy, Some(country("CN")), &buyer, category.as_ref(), CivilDate::parse(on).unwrap())
        };
        let found = assess("CN", None, None, "2026-12-31");
        check(&found, "CN-13", "the rate of CN on 2026-12-31");
        check(&assess("CN", None, None, "2027-01-01"), "CN-12", "the rate of CN on 2027-01-01");
        check(&assess("CN", None, Some("service"), "2027-01-01"), "CN-6", "the rate of CN on 2027-01-01");
        let found = assess("CN", Some("hainan"), Some("service"), "2027-01-01");
        check(&found, "CN_hainan-3", "the rate of CN, hainan on 2027-01-01");
        let found = assess("CA", Some("Prince Edward Island"), None, "2026-01-01");
        check(&found, "CA_Prince_Edward_Island-GST-15", "the rate of CA, Prince Edward Island on 2026-01-01");
        check(&assess("SG", None, None, "2026-01-01"), "SG-0", "the rate of SG on 2026-01-01");
        let outside = "outside the scope: no rate of tax is set for CA";
        check(&assess("CA", None, None, "2026-01-01"), "CA-outside", outside);
    }

    /// The stored text is the same for ever: a change here is a migration.
    #[test]
    fn the_stored_text() {
        let policy = policy(TaxRates::Eu, true, Vec::new());
        let found =
            assess(&policy, Some(country("IE")), &buyer("FI", None), None, CivilDate::parse("2026-01-01").unwrap());
        let text = r#"{"country":"FI","name":"VAT","percent":"25.5","reason":"a consumer: the rate of FI on 2026-01-01","treatment":"standard"}"#;
        assert_eq!(found.to_text(), text);
        let wrong = |text: &str| Assessment::parse(text).unwrap_err().to_string();
        assert_eq!(wrong("FI"), "a stored tax assessment has no readable text");
        assert_eq!(wrong(&text.replace("25.5", "-1")), "a stored tax assessment has no readable percent");
        assert_eq!(wrong(&text.replace("standard", "no_tax")), "a stored tax assessment has no readable percent");
        assert_eq!(wrong(&text.replace("\"FI\"", "\"Fi\"")), "a stored tax assessment has no readable country");
    }
}
