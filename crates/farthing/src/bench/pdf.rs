//! Documents drawn on one core, warm: fonts and the page are read, and each document differs from the one before it in number, buyer
//! and amounts, as bills do.
//!
//! The floor of a line is the same documents written as XML: what they say, without a page. So the ratio is what drawing costs.

use super::measure::{Measured, heading};
use clap::Args;
use farthing::failure::Failure;
use farthing_core::money::{Currency, Money};
use farthing_core::policy::{Country, PricesAre};
use farthing_core::tax::Treatment;
use farthing_core::time::CivilDate;
use farthing_documents::{Brand, Document, Kind, Language, Line, Logo, Party, TaxSum, cii, pdf};
use std::hint::black_box;
use std::time::Instant;

const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\">\
<path d=\"M9 24a6 6 0 0 1-.6-12A8.5 8.5 0 0 1 24.8 14 5 5 0 0 1 24 24z\" fill=\"#6d28d9\"/></svg>";
/// Drawn before anything is measured.
const WARM_UP: u32 = 3;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// How many documents are drawn for each line.
    #[arg(long, default_value_t = 200)]
    documents: u32,
    /// Times the whole measurement is repeated.
    #[arg(long, default_value_t = 1)]
    runs: u32,
    /// One JSON object a line, instead of a table.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.json);
    for _ in 0..arguments.runs.max(1) {
        measure("pdf, 5 lines", Language::En, 5, arguments)?;
        measure("pdf, 5 lines, Chinese", Language::Zh, 5, arguments)?;
        measure("pdf, 150 lines", Language::En, 150, arguments)?;
    }
    Ok(())
}

fn measure(name: &str, language: Language, lines: u32, arguments: &Arguments) -> Result<(), Failure> {
    let documents: Vec<Document> = (0..arguments.documents.max(1) + WARM_UP)
        .map(|number| document(language, lines, number))
        .collect::<Result<_, Failure>>()?;
    let (warm_up, documents) = documents.split_at(WARM_UP as usize);
    let mut pages = 0;
    for document in warm_up {
        pages = pdf(document)?.pages;
    }
    let begun = Instant::now();
    let mut waits = Vec::with_capacity(documents.len());
    let mut bytes = 0_u32;
    for document in documents {
        let one = Instant::now();
        bytes = u32::try_from(black_box(pdf(document)?).bytes.len())?;
        waits.push(one.elapsed());
    }
    let took = begun.elapsed();
    let begun = Instant::now();
    for document in documents {
        black_box(cii(document)?);
    }
    let floor = Some(begun.elapsed());
    let rows = u64::try_from(documents.len())?;
    let more = vec![("pages", f64::from(u32::try_from(pages)?)), ("kB", f64::from(bytes) / 1_000.0)];
    Measured { name: name.to_owned(), store: "-", rows, took, waits, floor, more }.print(arguments.json)
}

fn document(language: Language, lines: u32, number: u32) -> Result<Document, Failure> {
    let currency = Currency::parse("EUR")?;
    let zero = Money::zero(currency);
    let (first, last) = (CivilDate::try_new(2026, 11, 1)?, CivilDate::try_new(2026, 11, 30)?);
    let text = match language {
        Language::En => "Node, medium, 2 cores, 4 GB, eu-west",
        Language::Zh => "GPU 容器实例，两核，4 GB，华东",
    };
    let line = |place: u32| -> Result<Line, Failure> {
        let amount = Money::from_minor(i64::from(1_440 + place + number), currency)?;
        Ok(Line {
            text: format!("{text}, n{place:03}"),
            service: Some((first, last)),
            quantity: Some("720 h".to_owned()),
            unit_price: None,
            amount,
            discount: zero,
            net: amount,
            group: "IE-23".to_owned(),
            used: None,
        })
    };
    let lines: Vec<Line> = (1..=lines).map(line).collect::<Result<_, Failure>>()?;
    let net = Money::sum(currency, lines.iter().map(|line| line.net))?;
    let tax = Money::from_minor(net.to_minor()? * 23 / 100, currency)?;
    let total = net.checked_add(tax)?;
    let ireland = Some(Country(*b"IE"));
    let party = |account: &str, name: String, tax_number: &str, email: &str| Party {
        account: account.to_owned(),
        name,
        address: "1 Harbour Street\nD02 AF30 Dublin".to_owned(),
        country: ireland,
        region: String::new(),
        tax_number: tax_number.to_owned(),
        email: email.to_owned(),
    };
    let buyer = match language {
        Language::En => format!("Customer {number} Limited"),
        Language::Zh => format!("第{number}客户有限公司"),
    };
    Ok(Document {
        kind: Kind::Bill,
        number: format!("ONE-2026-{number:06}"),
        issued: last.next_day()?,
        due: Some(last.add_days(14)?),
        currency,
        language,
        brand: Brand {
            name: "Cloud One".to_owned(),
            accent: Some([0x6d, 0x28, 0xd9]),
            logo: Logo::of(LOGO.as_bytes().to_vec()),
            support: "billing@one.example".to_owned(),
        },
        seller: party("", "Cloud One Limited".to_owned(), "IE6388047V", "billing@one.example"),
        buyer: party(&format!("c{number}"), buyer, "IE6433435F", "books@customer.example"),
        prices: PricesAre::Net,
        lines,
        taxes: vec![TaxSum {
            group: "IE-23".to_owned(),
            name: "VAT".to_owned(),
            treatment: Treatment::Standard,
            percent: "23".to_owned(),
            net,
            tax,
            reason: String::new(),
            note: String::new(),
        }],
        net,
        tax,
        brought_forward: zero,
        total,
        paid: zero,
        credited: zero,
        rolled: zero,
        due_amount: total,
        about: None,
        reason: String::new(),
        method: String::new(),
        bank: None,
        notes: Vec::new(),
    })
}
