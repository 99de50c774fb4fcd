//! What things cost at the five clouds, by their own files, with the arithmetic beside each: the prices of the documents'
//! examples. Settlement must come to the same numbers.

use farthing_core::config::{Name, Size, Source, Text};
use farthing_core::estimate::{Ask, Estimate, EstimateError};
use farthing_core::measure::Quantity;
use farthing_core::profile::Profile;
use farthing_core::time::{Instant, Span};
use std::path::Path;

fn profile(cloud: &str) -> Profile {
    let source = |file: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clouds").join(cloud).join(file);
        Source::new(file, std::fs::read_to_string(path).unwrap())
    };
    Profile::read(&source("cloud.toml"), Some(&source("catalog.toml"))).usable().unwrap()
}

/// `product[/sku] [for=SPAN] [size=SIZE] [count=N] [from=TIME] [account=A] [with.KEY=VALUE] [use.NAME=QUANTITY]`
fn ask(text: &str) -> Ask {
    let mut words = text.split(' ');
    let named = words.next().unwrap();
    let (product, sku) = named.split_once('/').map_or((named, None), |(product, sku)| (product, Some(sku.to_owned())));
    let mut ask = Ask { sku, ..Ask::of(product, Instant::parse("2026-03-01T00:00:00Z").unwrap()) };
    for word in words {
        let (key, value) = word.split_once('=').unwrap();
        match key {
            "for" => ask.lasting = Some(Span::parse(value).unwrap()),
            "count" => ask.count = value.parse().unwrap(),
            "from" => ask.from = Instant::parse(value).unwrap(),
            "account" => ask.account = Some(Name::parse(value).unwrap()),
            "size" => {
                let (quantity, unit) = Quantity::parse_with_unit(value).unwrap();
                ask.size = Some(Size { quantity, unit });
            }
            _ => match key.split_once('.').unwrap() {
                ("with", name) => drop(ask.properties.insert(name.to_owned(), Text(value.to_owned()))),
                ("use", name) => ask.uses.push((Name::parse(name).unwrap(), Quantity::parse(value).unwrap())),
                _ => panic!("{word}"),
            },
        }
    }
    ask
}

fn estimate(cloud: &str, text: &str) -> Result<Estimate, EstimateError> {
    profile(cloud).estimate(&ask(text))
}

/// The net amount to the last digit.
#[track_caller]
fn check(cloud: &str, text: &str, net: &str) {
    let estimate = estimate(cloud, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(estimate.total.net.plain(), net, "{text}: {:#?}", estimate.lines);
}

#[test]
fn olares() {
    // R2: the price depends on the provider, the region and the configuration.
    check("olares", "hosted with.provider=aws with.region=us-east-1 with.config=4c-16g for=1mo", "89.00");
    check("olares", "hosted with.provider=gcs with.region=us-central1 with.config=4c-16g for=1mo", "82.00");
    // R4: a worker beside it: 3 x (89.00 + 64.00)
    check("olares", "hosted/aws-us-east-1-4c-16g for=3mo use.worker=1", "459.00");
    // A worker costs what its provider asks: 82.00 + 59.00
    check(
        "olares",
        "hosted with.provider=gcs with.region=us-central1 with.config=4c-16g for=1mo use.worker=1",
        "141.00",
    );
    // R3: 1,500 GB out of an instance that has 1,024 free: 476 x 0.09
    check("olares", "host-traffic use.egress=1500", "42.84");
    check("olares", "host-traffic use.egress=1024", "0.00");
    // ... 476 x 0.11 at the other provider
    check("olares", "host-traffic use.egress=1500 with.provider=gcs", "52.36");
    // R5: 200 GB for the half of April: 200 x 0.03 x 15/30
    check("olares", "storage size=200GB for=15d from=2026-04-01T00:00:00Z", "3.00");
    // R6: 25 GB of backups, 10 of them free, for all of April: 15 x 0.02
    check("olares", "backup size=25GB for=1mo from=2026-04-01T00:00:00Z", "0.30");
    // R7: 12.5 GB x 0.05
    check("olares", "tunnel-traffic use.tunnelled=12.5", "0.625");
    // R8: a pack of a thousand units
    check("olares", "gpu-units size=1000", "800.00");
    // R8: 100 hours of a card that takes three and a half an hour: units, and no money
    let units = estimate("olares", "gpu/a100-80g for=100h").unwrap();
    let taken: Vec<String> = units.units.iter().map(|(quantity, unit)| format!("{quantity} {unit}")).collect();
    assert_eq!((units.total.net.plain().as_str(), taken), ("0.00", vec!["350 gpu-unit".to_owned()]));
    // R22: a membership for a year: 12 x 9.90
    check("olares", "membership/plus for=1y", "118.80");
}

#[test]
fn elestio() {
    // R24: 100 hours at 0.0343
    check("elestio", "service/hetzner-fsn1-medium-2c-8g for=100h", "3.43");
    // R80: 1,234 seconds of it: 0.0343 x 1234 / 3600 = 0.01175727(7..)
    check("elestio", "service/hetzner-fsn1-medium-2c-8g for=1234s", "0.01175728");
    // R41: the burn rate of four: 4 x 0.0343 an hour
    check("elestio", "service/hetzner-fsn1-medium-2c-8g for=1h count=4", "0.1372");
    // A volume of 50 GB for 73 of a month's 730 hours: 50 x 0.10 / 10
    check("elestio", "volume size=50GB for=73h", "0.50");
    // R36: a domain is bought for a year
    check("elestio", "domain/io for=1y", "48.00");
}

#[test]
fn aicloud() {
    // R44: 2.99 x (1 - 20%) x 10 h
    check("aicloud", "gpu-pod/h100-80g for=10h", "23.92");
    // ... rate x (1 - discount) x seconds / 3600: 2.99 x 0.8 x 1 / 3600 = 0.00066444(4..)
    check("aicloud", "gpu-pod/h100-80g for=1s", "0.00066444");
    // What a customer was promised: 2.10, and the catalogue's discount was on the catalogue's price
    check("aicloud", "gpu-pod/h100-80g for=10h account=example-lab", "21.00");
    // R45: 8 days are two weeks: 2 x 3360.00
    check("aicloud", "bare-metal/8x-h100 for=8d", "6720.00");
    check("aicloud", "bare-metal/8x-h100 for=7d", "3360.00");
    // R46: 2M x 0.35/M + 0.5M x 0.75/M + 4,000 x 0.05/1000 = 0.70 + 0.375 + 0.20
    check("aicloud", "llm-70b use.input_tokens=2M use.output_tokens=500k use.calls=4000", "1.275");
    // The more, the cheaper: 100M x 2.19/M + 50M x 1.95/M
    check("aicloud", "llm-reasoning use.output_tokens=150M", "316.50");
    // R47: 1,000 GB of objects for ten days of a month of 31: 1000 x 0.02 x 10/31 = 6.45161290(3..)
    check("aicloud", "object-storage size=1000GB for=10d", "6.4516129");
    check("aicloud", "parallel-fs size=1000GB for=1mo", "140.00");
}

#[test]
fn bohrium() {
    // R67, R72: 36 minutes on a V100: 9.50 x 0.6
    check("bohrium", "job/c12-m92-v100 for=36m", "5.70");
    // R68: a management node for a day: 24 x 0.30
    check("bohrium", "management-node/node-c2-m4 for=24h", "7.20");
    // R70, R71: more space for three months: 3 x 60.00, and two more terabytes for one: 2 x 110.00
    check("bohrium", "personal-space for=3mo", "180.00");
    check("bohrium", "project-space for=1mo count=2", "220.00");
}

#[test]
fn drun() {
    // R80, R86: an hour, a minute and a second at 9.80: 9.80 x 3661 / 3600 = 9.96605555(5..)
    check("drun", "container/a800-80g for=3661s", "9.96605556");
    // R87: by the month and by the year
    check("drun", "container-monthly/rtx-4090-month for=2mo", "2360.00");
    check("drun", "container-yearly/rtx-4090-year for=1y", "11800.00");
    // R89: 30 GB less the account's 20, for a day: 10 x 24 x 0.0005
    check("drun", "file-storage size=30GB for=24h", "0.12");
    check("drun", "file-storage size=20GB for=24h", "0.00");
    // R90: 3M x 4.00/M + 1M x 16.00/M
    check("drun", "text-model with.model=deepseek-r1 use.input_tokens=3M use.output_tokens=1M", "28.00");
    // R91: 25 images
    check("drun", "image-model use.images=25", "5.00");
    check("drun", "image-model with.model=kolors use.images=25", "2.50");
    // R92: two cards for half an hour: 20.60 / 2
    check("drun", "private-model/2x-a800 for=30m", "10.30");
}

#[test]
fn what_has_no_price_is_told() {
    let refused = |cloud: &str, text: &str, told: &str| {
        assert_eq!(estimate(cloud, text).expect_err(text).to_string(), told);
    };
    refused(
        "olares",
        "hosted with.provider=aws with.region=mars with.config=4c-16g for=1mo",
        "product \"hosted\" is not offered with config = 4c-16g, provider = aws, region = mars",
    );
    refused("drun", "text-model use.input_tokens=1M", "there is a price only for some properties, and none were given");
    refused("drun", "text-model with.model=gpt use.input_tokens=1M", "there is no price where model = gpt");
    refused(
        "drun",
        "text-model with.model=deepseek-r1 use.calls=5",
        "product \"text-model\" is not counted by \"calls\"; it is by input_tokens, output_tokens",
    );
    refused(
        "olares",
        "gpu-units size=7",
        "product \"gpu-units\" is sold in packs of 100, 500, 1,000; name one with --size",
    );
    refused(
        "aicloud",
        "llm-8b",
        "product \"llm-8b\": say how much was used, such as --use input_tokens=1000 --use output_tokens=1000 --use calls=1000",
    );
}
