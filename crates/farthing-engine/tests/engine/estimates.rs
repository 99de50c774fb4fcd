//! What an estimate says, settlement comes to: the five clouds' own prices, asked both ways.

use farthing_core::catalog::Aggregate;
use farthing_core::config::{Name, Size, Source, Text};
use farthing_core::estimate::Ask;
use farthing_core::measure::Quantity;
use farthing_core::money::Money;
use farthing_core::policy::ApplyRequest;
use farthing_core::profile::Profile;
use farthing_core::time::{Instant, Span};
use farthing_core::usage::{Answer, Subject, UsageEvent};
use farthing_engine::{
    ChargeQuestion, Clock, Engine, IdSource, NewAccount, NewGrant, NewResource, Reported, ResourceFact,
};
use farthing_store::{Options, Scratch, Store};
use std::collections::BTreeMap;
use std::path::Path;

/// `product[/sku] [for=SPAN] [size=SIZE] [account=A] [with.KEY=VALUE] [use.NAME=QUANTITY]`, from the first of April.
const ASKED: [(&str, &str); 22] = [
    ("olares", "host-traffic use.egress=1500"),
    ("olares", "host-traffic use.egress=1024"),
    ("olares", "host-traffic use.egress=1500 with.provider=gcs"),
    ("olares", "storage size=200GB for=15d"),
    ("olares", "backup size=25GB for=1mo"),
    ("olares", "tunnel-traffic use.tunnelled=12.5"),
    ("elestio", "service/hetzner-fsn1-medium-2c-8g for=100h"),
    ("elestio", "service/hetzner-fsn1-medium-2c-8g for=1234s"),
    ("elestio", "volume size=50GB for=73h"),
    ("aicloud", "gpu-pod/h100-80g for=10h"),
    ("aicloud", "gpu-pod/h100-80g for=1s"),
    ("aicloud", "gpu-pod/h100-80g for=10h account=example-lab"),
    ("aicloud", "llm-70b use.input_tokens=2M use.output_tokens=500k use.calls=4000"),
    ("aicloud", "llm-reasoning use.output_tokens=150M"),
    ("aicloud", "object-storage size=1000GB for=10d"),
    ("aicloud", "parallel-fs size=1000GB for=1mo"),
    ("bohrium", "job/c12-m92-v100 for=36m"),
    ("bohrium", "management-node/node-c2-m4 for=24h"),
    ("drun", "container/a800-80g for=3661s"),
    ("drun", "file-storage size=30GB for=24h"),
    ("drun", "text-model with.model=deepseek-r1 use.input_tokens=3M use.output_tokens=1M"),
    ("drun", "image-model with.model=kolors use.images=25"),
];

fn files(cloud: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clouds").join(cloud);
    let read = |file: &str| (file.to_owned(), std::fs::read_to_string(folder.join(file)).expect("the cloud's file"));
    BTreeMap::from([read("cloud.toml"), read("catalog.toml")])
}

/// The account's day begins with the story, so that months are whole.
fn begins(profile: &Profile) -> Instant {
    let zone = &profile.policy.cloud.time_zone;
    let date = farthing_core::time::CivilDate::try_new(2026, 4, 1).expect("a date");
    zone.start_of_day(date).expect("in range")
}

fn ask(text: &str, from: Instant) -> Ask {
    let mut words = text.split(' ');
    let named = words.next().expect("a product");
    let (product, sku) = named.split_once('/').map_or((named, None), |(product, sku)| (product, Some(sku.to_owned())));
    let mut ask = Ask { sku, ..Ask::of(product, from) };
    for word in words {
        let (key, value) = word.split_once('=').expect("key=value");
        match key {
            "for" => ask.lasting = Some(Span::parse(value).expect("a span")),
            "account" => ask.account = Name::parse(value),
            "size" => {
                let (quantity, unit) = Quantity::parse_with_unit(value).expect("a size");
                ask.size = Some(Size { quantity, unit });
            }
            _ => match key.split_once('.').expect("with. or use.") {
                ("with", name) => drop(ask.properties.insert(name.to_owned(), Text(value.to_owned()))),
                (_, name) => {
                    ask.uses.push((Name::parse(name).expect("a meter"), Quantity::parse(value).expect("a quantity")));
                }
            },
        }
    }
    ask
}

/// The same, reported and settled.
fn settled(profile: &Profile, files: BTreeMap<String, String>, ask: &Ask, from: Instant) -> Money {
    let scratch = Scratch::embedded().expect("a folder");
    let options = Options { sqlite_log_mib: 0, ..Options::default() };
    let store = Store::open(scratch.location(), &options).expect("a store");
    let engine = Engine::new(store, Clock::simulated(from), IdSource::seeded(0, 1));
    let cloud = profile.policy.cloud.id.to_string();
    let request = ApplyRequest {
        files,
        who: "test".into(),
        why: "test".into(),
        starts: Some(from.floor_second()),
        corrects: None,
    };
    engine.apply_policy(&cloud, request).expect("a version");
    let account = ask.account.as_ref().map_or("acme".to_owned(), ToString::to_string);
    engine.open_account(&cloud, &NewAccount { name: account.clone(), ..NewAccount::default() }).expect("an account");
    let amount = Money::parse_amount("1000000", profile.policy.cloud.currency).expect("an amount");
    let grant = NewGrant {
        name: "plenty".into(),
        account: account.clone(),
        amount,
        products: vec![],
        priority: 1,
        starts: None,
        expires: None,
        reason: None,
    };
    engine.grant_credit(&cloud, &grant).expect("a grant");
    if let Some(lasting) = ask.lasting {
        let start = NewResource {
            account: Some(account.clone()),
            product: Some(ask.product.clone()),
            sku: ask.sku.clone(),
            size: ask.size.clone(),
            ..NewResource::default()
        };
        let tell =
            |what| engine.record_fact(&cloud, &ResourceFact { resource: "thing".into(), at: None, id: None, what });
        tell(Reported::Start(start)).expect("a start");
        engine
            .advance(lasting.end_from(from, &profile.policy.cloud.time_zone).expect("in range"))
            .expect("time goes by");
        tell(Reported::Delete).expect("an end");
    }
    let mut properties: BTreeMap<String, String> = BTreeMap::new();
    for (name, quantity) in &ask.uses {
        let meter = profile.catalog.meter_by_id(name).expect("the meter");
        properties.extend(meter.filter.iter().map(|(key, value)| (key.clone(), value.0.clone())));
        properties.extend(ask.properties.iter().map(|(key, value)| (key.clone(), value.0.clone())));
        // A meter that counts events is told of each.
        let counts = meter.aggregate == Aggregate::Count;
        let times = if counts { quantity.millionths() / 1_000_000 } else { 1 };
        let event = |number: i64| UsageEvent {
            source: "test".into(),
            id: format!("{name}-{number}"),
            subject: Subject::Account { name: account.clone(), project: None, user: None },
            product: Some(ask.product.clone()),
            at: None,
            quantities: vec![(name.to_string(), if counts { Quantity::ONE } else { *quantity })],
            properties: properties.clone(),
        };
        let taken = engine.record_usage(&cloud, (0..times).map(event).collect()).expect("usage");
        assert!(taken.iter().all(|taken| taken.answer == Answer::Accepted), "{name}");
    }
    let now = engine.now().expect("the clock");
    engine.charges_sum(&cloud, &account, &ChargeQuestion::default(), now).expect("charges")
}

#[test]
fn settlement_comes_to_what_was_estimated() {
    for (cloud, text) in ASKED {
        let files = files(cloud);
        let source = |name: &str| Source::new(name, &files[name]);
        let profile = Profile::read(&source("cloud.toml"), Some(&source("catalog.toml"))).usable().expect("a cloud");
        let from = begins(&profile);
        let ask = ask(text, from);
        let estimated = profile.estimate(&ask).unwrap_or_else(|error| panic!("{cloud} {text}: {error}")).total.net;
        let charged = settled(&profile, files.clone(), &ask, from);
        assert_eq!(charged, estimated, "{cloud}: {text}");
    }
}
