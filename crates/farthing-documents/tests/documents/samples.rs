//! Documents of every kind that the tests draw and write: amounts by hand, as a bill would have them.

use farthing_core::config::Source;
use farthing_core::money::{Currency, Money};
use farthing_core::policy::{Country, Policy, PricesAre};
use farthing_core::profile::Profile;
use farthing_core::tax::Treatment;
use farthing_core::time::CivilDate;
use farthing_documents::{About, BankAccount, Brand, Document, Kind, Language, Line, Logo, Party, TaxSum, Usage};

pub(crate) const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><path d=\"M9 24a6 6 0 0 1-.6-12A8.5 8.5 0 0 1 \
24.8 14 5 5 0 0 1 24 24z\" fill=\"#6d28d9\"/></svg>";

pub(crate) fn day(text: &str) -> CivilDate {
    CivilDate::parse(text).unwrap()
}

pub(crate) fn money(text: &str, currency: Currency) -> Money {
    Money::parse_amount(text, currency).unwrap()
}

pub(crate) fn country(code: &str) -> Country {
    Country(code.as_bytes().try_into().unwrap())
}

/// What stands on a line, and how it is taxed: (text, quantity, amount, discount, group).
pub(crate) type Sold<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);
/// (group, percent, treatment, tax)
pub(crate) type Taxed<'a> = (&'a str, &'a str, Treatment, &'a str);

/// A bill in euros with net prices; the sums are made of what is given.
pub(crate) fn bill(sold: &[Sold<'_>], taxed: &[Taxed<'_>]) -> Document {
    bill_in(Currency::parse("EUR").unwrap(), sold, taxed)
}

fn bill_in(currency: Currency, sold: &[Sold<'_>], taxed: &[Taxed<'_>]) -> Document {
    let zero = Money::zero(currency);
    let lines: Vec<Line> = sold
        .iter()
        .map(|(text, quantity, amount, discount, group)| {
            let (amount, discount) = (money(amount, currency), money(discount, currency));
            Line {
                text: (*text).to_owned(),
                service: Some((day("2026-11-01"), day("2026-11-30"))),
                quantity: Some((*quantity).to_owned()).filter(|text| !text.is_empty()),
                unit_price: None,
                amount,
                discount,
                net: amount.checked_sub(discount).unwrap(),
                group: (*group).to_owned(),
                used: None,
            }
        })
        .collect();
    let taxes: Vec<TaxSum> = taxed
        .iter()
        .map(|(group, percent, treatment, tax)| {
            let nets = lines.iter().filter(|line| line.group == *group).map(|line| line.net);
            TaxSum {
                group: (*group).to_owned(),
                name: "VAT".to_owned(),
                treatment: *treatment,
                percent: (*percent).to_owned(),
                net: Money::sum(currency, nets).unwrap(),
                tax: money(tax, currency),
                reason: String::new(),
                note: match treatment {
                    Treatment::ReverseCharge => {
                        "Reverse charge: VAT is to be accounted for by the recipient, DE136695976".to_owned()
                    }
                    Treatment::Standard | Treatment::OutsideScope | Treatment::NoTax => String::new(),
                },
            }
        })
        .collect();
    let net = Money::sum(currency, taxes.iter().map(|group| group.net)).unwrap();
    let tax = Money::sum(currency, taxes.iter().map(|group| group.tax)).unwrap();
    let forward = lines.iter().filter(|line| line.group.is_empty()).map(|line| line.amount);
    let brought_forward = Money::sum(currency, forward).unwrap();
    let total = Money::sum(currency, [net, tax, brought_forward]).unwrap();
    Document {
        kind: Kind::Bill,
        number: "CLD-2026-000042".to_owned(),
        issued: day("2026-12-01"),
        due: Some(day("2026-12-15")),
        currency,
        language: Language::En,
        brand: Brand {
            name: "Cloud One".to_owned(),
            accent: Some([0x6d, 0x28, 0xd9]),
            logo: Logo::of(LOGO.as_bytes().to_vec()),
            support: "billing@one.example".to_owned(),
        },
        seller: Party {
            name: "Cloud One Limited".to_owned(),
            address: "1 Harbour Street\nD02 AF30 Dublin".to_owned(),
            country: Some(country("IE")),
            tax_number: "IE6388047V".to_owned(),
            email: "billing@one.example".to_owned(),
            ..Party::default()
        },
        buyer: Party {
            account: "acme".to_owned(),
            name: "Acme Gesellschaft mbH".to_owned(),
            address: "Hauptstraße 5\n10115 Berlin".to_owned(),
            country: Some(country("DE")),
            tax_number: "DE136695976".to_owned(),
            email: "books@acme.example".to_owned(),
            ..Party::default()
        },
        prices: PricesAre::Net,
        lines,
        taxes,
        net,
        tax,
        brought_forward,
        total,
        paid: zero,
        credited: zero,
        rolled: zero,
        due_amount: total,
        about: None,
        reason: String::new(),
        method: String::new(),
        bank: Some(BankAccount {
            holder: "Cloud One Limited".to_owned(),
            account: "IE29AIBK93115212345678".to_owned(),
            bic: "AIBKIE2D".to_owned(),
            reference: "CLD-2026-000042".to_owned(),
            scan: "BCD\n002\n1\nSCT\nAIBKIE2D\nCloud One Limited\nIE29AIBK93115212345678\n\n\n\nCLD-2026-000042"
                .to_owned(),
        }),
        notes: Vec::new(),
    }
}

pub(crate) fn domestic() -> Document {
    let sold = [
        ("GPU Pod, H100 80 GB", "744 h", "1852.56", "0.00", "IE-23"),
        ("Object storage", "1,204 GB", "24.08", "0.00", "IE-23"),
        ("Correction of October", "", "-3.10", "0.00", "IE-23"),
    ];
    let mut bill = bill(&sold, &[("IE-23", "23", Treatment::Standard, "430.91")]);
    bill.buyer.country = Some(country("IE"));
    bill.buyer.tax_number = "IE6433435F".into();
    bill.buyer.address = "7 Quay Road\nH91 X0X0 Galway".into();
    bill
}

/// What each of the clouds that come with Farthing would ask a company in Berlin for.
pub(crate) fn of_clouds() -> Vec<(String, Document)> {
    let clouds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clouds");
    let mut folders: Vec<_> = std::fs::read_dir(clouds).unwrap().map(|folder| folder.unwrap().path()).collect();
    folders.sort();
    let policies = folders.into_iter().filter_map(|folder| {
        let text = std::fs::read_to_string(folder.join("cloud.toml")).ok()?;
        Some(Profile::read(&Source::new("cloud.toml", text), None).profile.unwrap().policy)
    });
    let bill = |policy: Policy| {
        let group = if policy.tax.reverse_charge { Treatment::ReverseCharge } else { Treatment::NoTax };
        let sold = [("GPU, 24 GB", "744 h", "1852.56", "0.00", "one"), ("Storage", "204 GB", "24.08", "4.08", "one")];
        let mut bill = bill_in(policy.cloud.currency, &sold, &[("one", "0", group, "0.00")]);
        let text = |text: Option<farthing_core::config::Text>| text.map(|text| text.0).unwrap_or_default();
        bill.seller = Party {
            name: policy.brand.legal_name.0,
            address: text(policy.brand.address),
            country: policy.brand.country,
            tax_number: text(policy.brand.tax_number),
            ..Party::default()
        };
        bill.bank = None;
        (policy.cloud.id.to_string(), bill)
    };
    policies.map(bill).collect()
}

pub(crate) fn reverse_charge() -> Document {
    bill(
        &[("GPU Pod, H100 80 GB", "744 h", "1852.56", "0.00", "DE-reverse")],
        &[("DE-reverse", "0", Treatment::ReverseCharge, "0.00")],
    )
}

pub(crate) fn several_rates() -> Document {
    let sold = [
        ("Compute", "3 nodes", "100.00", "0.00", "DE-19"),
        ("E-books", "2", "40.00", "0.00", "DE-7"),
        ("Stamps", "", "5.00", "0.00", "DE-outside"),
        ("Brought forward from CLD-2026-000031", "", "0.40", "0.00", ""),
    ];
    let taxed = [
        ("DE-19", "19", Treatment::Standard, "19.00"),
        ("DE-7", "7", Treatment::Standard, "2.80"),
        ("DE-outside", "0", Treatment::OutsideScope, "0.00"),
    ];
    bill(&sold, &taxed)
}

pub(crate) fn discounted() -> Document {
    let sold = [("Compute", "744 h", "100.00", "10.00", "IE-23"), ("Traffic", "12 GB", "0.60", "0.06", "IE-23")];
    let mut bill = bill(&sold, &[("IE-23", "23", Treatment::Standard, "20.82")]);
    bill.paid = bill.total;
    bill.due_amount = Money::zero(bill.currency);
    bill
}

/// The same with prices that have the tax in them.
pub(crate) fn discounted_gross() -> Document {
    let mut bill = discounted();
    bill.prices = PricesAre::Gross;
    for (line, (amount, discount)) in bill.lines.iter_mut().zip([("123.00", "12.30"), ("0.74", "0.07")]) {
        line.amount = money(amount, bill.currency);
        line.discount = money(discount, bill.currency);
    }
    bill
}

pub(crate) fn zero_total() -> Document {
    bill(&[("Compute", "744 h", "100.00", "100.00", "IE-23")], &[("IE-23", "23", Treatment::Standard, "0.00")])
}

pub(crate) fn outside() -> Document {
    let mut bill = bill(
        &[("Compute", "744 h", "100.00", "0.00", "US-outside")],
        &[("US-outside", "0", Treatment::OutsideScope, "0.00")],
    );
    bill.buyer.country = Some(country("US"));
    bill.buyer.region = "CA".into();
    bill.buyer.address = "1 Market Street, San Francisco 94105".into();
    bill.buyer.tax_number = "94-1234567".into();
    bill.taxes[0].reason = "outside the scope: US is not in the European Union for VAT on services".into();
    bill
}

pub(crate) fn credit_note() -> Document {
    let mut note = bill(
        &[("GPU Pod, H100 80 GB", "", "100.00", "0.00", "IE-23")],
        &[("IE-23", "23", Treatment::Standard, "23.00")],
    );
    note.kind = Kind::CreditNote;
    note.number = "CN-CLD-2026-000003".into();
    note.due = None;
    note.due_amount = Money::zero(note.currency);
    note.about = Some(About { number: "CLD-2026-000042".to_owned(), issued: day("2026-12-01") });
    note.reason = "Two days without the node".into();
    note
}

/// One of an amount: it names no lines.
pub(crate) fn credit_of_amount() -> Document {
    let mut note = credit_note();
    note.lines.clear();
    note
}

pub(crate) fn receipt() -> Document {
    let mut receipt = domestic();
    receipt.kind = Kind::Receipt;
    receipt.number = "R-CLD-2026-000042".into();
    receipt.lines.clear();
    receipt.taxes.clear();
    receipt.paid = receipt.total;
    receipt.due_amount = Money::zero(receipt.currency);
    receipt.method = "Visa •••• 4242".into();
    receipt.about = Some(About { number: "CLD-2026-000042".to_owned(), issued: day("2026-12-01") });
    receipt.due = None;
    receipt
}

/// In Chinese, in yuan, with what paid each use.
pub(crate) fn statement() -> Document {
    let mut statement = domestic();
    let yuan = Currency::parse("CNY").unwrap();
    let of = |amount: Money| Money::from_units(amount.units(), yuan);
    statement.kind = Kind::Statement;
    statement.number = "S-BOH-2026-000007".into();
    statement.language = Language::Zh;
    statement.currency = yuan;
    statement.taxes.clear();
    statement.due = None;
    for (line, text) in statement.lines.iter_mut().zip(["GPU 容器实例 A800 80 GB", "对象存储", "十月更正"])
    {
        line.text = text.into();
        line.amount = of(line.amount);
        line.discount = Money::zero(yuan);
        line.net = line.amount;
        let zero = Money::zero(yuan);
        line.used =
            Some(Usage { list: line.amount, net: line.amount, credit: zero, balance: line.amount, billed: zero });
    }
    let total = Money::sum(yuan, statement.lines.iter().map(|line| line.amount)).unwrap();
    statement.net = total;
    statement.tax = Money::zero(yuan);
    statement.total = total;
    statement.paid = total;
    statement.due_amount = Money::zero(yuan);
    statement.brought_forward = Money::zero(yuan);
    statement.credited = Money::zero(yuan);
    statement.brand.name = "玻尔云".into();
    statement.seller.name = "北京玻尔云计算有限公司".into();
    statement.seller.address = "北京市海淀区中关村大街1号".into();
    statement.seller.country = Some(country("CN"));
    statement.seller.tax_number = "91110108MA01ABCD2X".into();
    statement.buyer.name = "清华大学材料学院".into();
    statement.buyer.address = "北京市海淀区清华园1号".into();
    statement.buyer.country = Some(country("CN"));
    statement.buyer.tax_number = String::new();
    statement
}

/// So many lines that it needs five pages.
pub(crate) fn long() -> Document {
    let texts: Vec<String> =
        (1..=210).map(|node| format!("Node n{node:03}.eu-west.one.example, medium, 2 cores, 4 GB")).collect();
    let sold: Vec<Sold<'_>> = texts.iter().map(|text| (text.as_str(), "720 h", "14.40", "0.00", "IE-23")).collect();
    let mut long = bill(&sold, &[("IE-23", "23", Treatment::Standard, "695.52")]);
    long.buyer.country = Some(country("IE"));
    long.buyer.tax_number = String::new();
    let used = |text| money(text, long.currency);
    for line in long.lines.iter_mut().step_by(40) {
        line.service = Some((day("2026-11-01"), day("2026-11-07")));
        line.used = Some(Usage {
            list: used("24.00"),
            net: used("24.00"),
            credit: used("5.00"),
            balance: used("4.60"),
            billed: used("14.40"),
        });
    }
    long
}

/// Names that run out of any column if nothing is done about it.
pub(crate) fn long_names() -> Document {
    let mut bill = domestic();
    bill.buyer.name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft und Söhne Beteiligungs GmbH & Co. KG".into();
    bill.buyer.account = "a-very-long-account-name-that-somebody-made-up-for-a-test-01".into();
    bill.lines[0].text = "arn:cloud:gpu:eu-west-1:acme-production:instance/i-0123456789abcdef0123456789abcdef0123456789abcdef with a reservation that nobody has named any shorter than this, and a second sentence".into();
    bill.lines[1].quantity = Some("1,204,331,118 requests".to_owned());
    bill
}

pub(crate) fn all() -> Vec<(&'static str, Document)> {
    let mut all = invoices();
    all.extend([("receipt", receipt()), ("statement", statement()), ("long", long()), ("long_names", long_names())]);
    all
}

/// What e-invoices are made of.
pub(crate) fn invoices() -> Vec<(&'static str, Document)> {
    let mut zh = domestic();
    zh.language = Language::Zh;
    let mut consumer = domestic();
    consumer.buyer.tax_number = String::new();
    consumer.buyer.email = String::new();
    let mut not_registered = domestic();
    not_registered.seller.tax_number = "123/456/789".into();
    vec![
        ("domestic", domestic()),
        ("domestic_zh", zh),
        ("consumer", consumer),
        ("not_registered", not_registered),
        ("reverse_charge", reverse_charge()),
        ("several_rates", several_rates()),
        ("discounted", discounted()),
        ("discounted_gross", discounted_gross()),
        ("zero_total", zero_total()),
        ("outside", outside()),
        ("credit_note", credit_note()),
        ("credit_of_amount", credit_of_amount()),
    ]
}
