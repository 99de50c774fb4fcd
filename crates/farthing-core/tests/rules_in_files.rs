//! The five clouds' files against the rules they were written for: every rule is a key in one of them, or no configuration
//! and listed here with the reason; and what the files say holds (R2, R100).

use farthing_core::catalog::{Offer, OfferError, Wanted};
use farthing_core::config::{Item, Node, Severity, Source, Table, Text};
use farthing_core::money::Currency;
use farthing_core::profile::{CATALOG_FILE, Checked, POLICY_FILE, Profile};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const CLOUDS: [&str; 5] = ["olares", "elestio", "aicloud", "bohrium", "drun"];
const RULES: u16 = 100;

/// Rules that no key can express: every cloud has them alike, or they are pages.
const NO_CONFIGURATION: [(u16, &str); 17] = [
    (21, "in every cloud: due, accrued and rolled over are apart, and only what is due drives steps"),
    (23, "a project belongs to an account: ownership and its transfer are data, the same in every cloud"),
    (30, "console: costs by project"),
    (35, "console: the list of invoices"),
    (49, "console: bills can be downloaded"),
    (50, "console: the composition of costs"),
    (57, "console: screens, and an account's standing on them"),
    (60, "in every cloud: what comes in pays the oldest arrears first, in the same transaction"),
    (63, "console: filters of bills"),
    (64, "an export by mail, in every cloud"),
    (65, "console: two tabs of projects, and who sees what"),
    (72, "price list and calculator are made of the catalogue and run the rating code"),
    (79, "three layers and an audit trail are how the engine is built"),
    (93, "console: queries and trends"),
    (94, "price list and policy page are rendered from these files"),
    (96, "the policy record itself"),
    (97, "tests of mails, CSV and PDF with broken UTF-8, CJK, the yuan and the euro sign"),
];

fn sources(cloud: &str) -> [Source; 2] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clouds").join(cloud);
    [POLICY_FILE, CATALOG_FILE].map(|file| {
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{cloud}/{file}: {error}"));
        Source::new(format!("clouds/{cloud}/{file}"), text)
    })
}

fn profile(cloud: &str) -> Profile {
    let [policy, catalog] = sources(cloud);
    Profile::read(&policy, Some(&catalog)).usable().unwrap_or_else(|remarks| panic!("{cloud}: {remarks:#?}"))
}

/// What stands behind the first `#` of a line that says something before it.
fn comment_of(line: &str) -> Option<&str> {
    let mut quoted = false;
    let at = line.char_indices().find(|(_, found)| {
        quoted ^= *found == '"';
        *found == '#' && !quoted
    })?;
    let (before, comment) = line.split_at(at.0);
    (!before.trim().is_empty()).then_some(comment)
}

/// `R5, R16` and the like; `R1` is not in `R12`.
fn rules_in(comment: &str) -> BTreeSet<u16> {
    let words = comment.split(|found: char| !found.is_ascii_alphanumeric());
    words.filter_map(|word| word.strip_prefix('R')?.parse().ok()).collect()
}

/// Rule by rule, the lines that name it behind a key.
fn named() -> BTreeMap<u16, Vec<String>> {
    let mut named: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for source in CLOUDS.into_iter().flat_map(sources) {
        for (number, line) in (1..).zip(source.text.lines()) {
            for rule in comment_of(line).map(rules_in).unwrap_or_default() {
                named.entry(rule).or_default().push(format!("{}:{number}", source.name));
            }
        }
    }
    named
}

#[test]
fn every_rule_is_a_key_or_no_configuration() {
    let (named, listed) = (named(), BTreeMap::from(NO_CONFIGURATION));
    let missing: Vec<String> = (1..=RULES)
        .filter(|rule| !named.contains_key(rule) && !listed.contains_key(rule))
        .map(|rule| format!("R{rule}"))
        .collect();
    assert!(missing.is_empty(), "no key and no reason: {}", missing.join(", "));
    assert_eq!(listed.len(), NO_CONFIGURATION.len(), "a rule is listed twice");
    for (rule, lines) in &named {
        assert!((1..=RULES).contains(rule), "there is no R{rule}: {}", lines.join(", "));
        assert!(!listed.contains_key(rule), "R{rule} is listed as no configuration, but is at {}", lines.join(", "));
    }
}

#[test]
fn comments_are_told_from_text() {
    assert_eq!(rules_in("# R5, R16: as R100"), BTreeSet::from([5, 16, 100]));
    assert_eq!(comment_of("accent = \"#0a66c2\"  # R42"), Some("# R42"));
    assert_eq!(comment_of("# R42 alone is a heading"), None);
}

#[test]
fn every_file_says_what_it_holds_and_is_without_errors_and_warnings() {
    for cloud in CLOUDS {
        let [policy, catalog] = sources(cloud);
        let wrong = |checked: &Checked| {
            let told = checked.remarks.iter().filter(|remark| remark.severity != Severity::Note);
            told.map(|remark| remark.render(&[policy.clone(), catalog.clone()])).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(wrong(&Profile::read(&policy, Some(&catalog))), "", "{cloud}");
        for source in [&policy, &catalog] {
            let header: String = source.text.lines().take_while(|line| line.starts_with('#')).collect();
            assert!(!rules_in(&header).is_empty(), "{} names no rules at its head", source.name);
        }
        assert!(
            catalog.text.lines().take_while(|line| line.starts_with('#')).any(|line| line.contains("illustrations")),
            "{} does not say that prices are illustrations",
            catalog.name
        );
    }
}

/// As the catalogue writes it.
fn price(offer: &Offer<'_>) -> String {
    offer.pricing.price.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)
}

fn dims(text: &str) -> BTreeMap<String, Text> {
    let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
    pairs.map(|(dim, value)| (dim.to_owned(), Text(value.to_owned()))).collect()
}

#[test]
fn r2_provider_region_and_configuration_make_the_price() {
    let olares = profile("olares").catalog;
    let priced = |sku: &str| {
        let wanted = Wanted { product: "hosted", sku: Some(sku), component: None, account: None, on: None };
        olares.offer(wanted).map(|offer| price(&offer))
    };
    let check = |chosen: &str, sku: &str, expected: &str| {
        let found = olares.sku_with("hosted", &dims(chosen)).unwrap_or_else(|error| panic!("{chosen}: {error}"));
        assert_eq!(found.id.as_str(), sku, "{chosen}");
        assert_eq!(priced(sku).as_deref(), Ok(expected), "{chosen}");
    };
    check("provider=aws region=us-east-1 config=4c-16g", "aws-us-east-1-4c-16g", "89.00");
    check("provider=aws region=us-east-1 config=8c-32g", "aws-us-east-1-8c-32g", "169.00");
    check("provider=aws region=eu-central-1 config=4c-16g", "aws-eu-central-1-4c-16g", "95.00");
    check("provider=gcs region=us-central1 config=4c-16g", "gcs-us-central1-4c-16g", "82.00");
    check("provider=gcs region=us-central1 config=4c-16g disk=ssd", "gcs-us-central1-4c-16g", "82.00");

    let refused = |chosen: &str, told: &str| {
        let error = olares.sku_with("hosted", &dims(chosen)).expect_err(chosen);
        assert_eq!(error.to_string(), told);
    };
    refused(
        "provider=azure region=us-east-1 config=4c-16g",
        "product \"hosted\" is not offered with config = 4c-16g, provider = azure, region = us-east-1",
    );
    refused("provider=aws", "product \"hosted\" is not offered with provider = aws");
    refused("", "product \"hosted\" is not offered with nothing");
    assert!(matches!(priced("aws-mars-4c-16g"), Err(OfferError::NoSku { .. })));
    let unnamed = Wanted { product: "hosted", sku: None, component: None, account: None, on: None };
    assert!(matches!(olares.offer(unnamed), Err(OfferError::SkuMissing { .. })));
    assert!(matches!(olares.sku_with("hostd", &dims("provider=aws")), Err(OfferError::NoProduct { .. })));
}

#[test]
fn r2_no_two_hosted_nodes_of_one_region_cost_the_same() {
    let olares = profile("olares").catalog;
    let hosted = olares.product_by_id("hosted").expect("it sells nodes");
    let prices: BTreeSet<String> =
        hosted.sku.iter().filter_map(|sku| Some(sku.pricing.price.as_ref()?.to_string())).collect();
    assert_eq!(prices.len(), hosted.sku.len());
}

#[test]
fn r100_an_amount_in_another_currency_is_refused() {
    let policy = |currency: &str, more: &str| {
        let text = format!(
            "[cloud]\nid = \"one\"\nname = \"One\"\ncurrency = \"{currency}\"\n[brand]\nlegal_name = \"One\"\n{more}"
        );
        Source::new("cloud.toml", text)
    };
    let product = |price: &str| {
        let text = format!("[[product]]\nid = \"vm\"\nname = \"VM\"\nkind = \"running\"\nprice = \"{price}\"\n");
        Source::new("catalog.toml", text)
    };
    let check = |currency: &str, more: &str, price: &str, told: Option<&str>| {
        let checked = Profile::read(&policy(currency, more), Some(&product(price)));
        let errors: Vec<&str> = checked
            .remarks
            .iter()
            .filter(|remark| remark.severity == Severity::Error)
            .map(|remark| remark.what.as_str())
            .collect();
        match told {
            None => assert_eq!(errors, Vec::<&str>::new(), "{currency} {more} {price}"),
            Some(told) => {
                assert!(errors.iter().any(|error| error.contains(told)), "{currency} {more} {price}: {errors:?}");
            }
        }
    };
    check("USD", "", "0.04 / hour", None);
    check("USD", "", "0.04 USD / hour", None);
    check("USD", "", "0.04 EUR / hour", Some("this cloud counts in USD"));
    check("CNY", "", "0.04 USD / hour", Some("this cloud counts in CNY"));
    check("USD", "[start]\nmin_balance = \"5.00 USD\"", "0.04 / hour", None);
    check("USD", "[start]\nmin_balance = \"5.00 EUR\"", "0.04 / hour", Some("\"5.00 EUR\""));
    check("CNY", "[alerts]\nlow_balance = \"100.00 USD\"", "0.04 / hour", Some("\"100.00 USD\""));
    check("CNY", "[alerts]\nlow_balance = \"100.00 CNY\"", "0.04 / hour", None);
}

/// Amounts stand in a file without their currency: the cloud's is the only one. Whatever code is written is that one.
#[test]
fn r100_a_cloud_has_one_currency() {
    fn texts(table: &Table, found: &mut Vec<String>) {
        fn inside(item: &Item, found: &mut Vec<String>) {
            match &item.node {
                Node::Text(text) => found.push(text.clone()),
                Node::List(items) => items.iter().for_each(|item| inside(item, found)),
                Node::Table(table) => texts(table, found),
                Node::Number(_) | Node::Boolean(_) | Node::Date(_) => {}
            }
        }
        table.entries.iter().for_each(|entry| inside(&entry.item, found));
    }
    for (cloud, code) in
        [("olares", "USD"), ("elestio", "USD"), ("aicloud", "USD"), ("bohrium", "CNY"), ("drun", "CNY")]
    {
        let read = profile(cloud);
        let currency = read.policy.cloud.currency;
        assert_eq!(currency.code(), code, "{cloud}");
        for source in sources(cloud) {
            let mut found = Vec::new();
            texts(&Item::read_file(&source).0, &mut found);
            for text in found {
                let words = text.split(|found: char| !found.is_ascii_alphabetic());
                let codes = words.filter(|word| word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_uppercase()));
                for other in codes.filter_map(|word| Currency::parse(word).ok()) {
                    assert_eq!(other, currency, "{}: {text:?}", source.name);
                }
            }
        }
        let policy = &read.policy;
        let of_policy = [policy.start.min_balance, policy.zero.floor, policy.top_up.min, policy.top_up.max];
        let packs = read.catalog.product.iter().flat_map(|product| &product.packs).map(|pack| pack.price);
        let coupons = read.catalog.coupon.iter().filter_map(|coupon| coupon.amount);
        let gifts = read.catalog.gift.iter().map(|gift| gift.credit);
        for amount in of_policy.into_iter().flatten().chain(packs).chain(coupons).chain(gifts) {
            assert_eq!(amount.currency(), currency, "{cloud}");
        }
    }
}
