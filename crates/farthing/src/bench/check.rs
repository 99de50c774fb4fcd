//! Reading and checking a large catalogue: what `check` and `apply` do, and a server at its start.

use super::Where;
use super::measure::{Measured, heading};
use clap::Args;
use farthing::failure::Failure;
use farthing_core::config::Source;
use farthing_core::profile::Profile;
use std::fmt::Write;
use std::time::Instant;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    at: Where,
    /// How many SKUs, in products of a hundred.
    #[arg(long, default_value_t = 20_000)]
    skus: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.at.json);
    let policy = Source::new(
        "cloud.toml",
        "[cloud]\nid = \"large\"\nname = \"Large\"\ncurrency = \"USD\"\n[brand]\nlegal_name = \"Large\"\n",
    );
    let catalog = Source::new("catalog.toml", catalogue(arguments.skus));
    for _ in 0..arguments.at.runs.max(1) {
        let begun = Instant::now();
        let checked = Profile::read(&policy, Some(&catalog));
        let took = begun.elapsed();
        let profile =
            checked.usable().map_err(|remarks| format!("the made-up catalogue is wrong: {:?}", remarks.first()))?;
        let found: usize = profile.catalog.product.iter().map(|product| product.sku.len()).sum();
        assert_eq!(found, arguments.skus, "every SKU was read");
        // The floor: the same bytes looked at once.
        let begun = Instant::now();
        let lines = catalog.text.bytes().filter(|byte| *byte == b'\n').count();
        let floor = begun.elapsed();
        assert!(lines > arguments.skus);
        let rows = u64::try_from(arguments.skus)?;
        let name = format!("check, {} SKUs, {} KB", arguments.skus, catalog.text.len() / 1024);
        let store = "-";
        Measured { name, store, rows, took, waits: vec![took], floor: Some(floor), more: Vec::new() }
            .print(arguments.at.json)?;
    }
    Ok(())
}

/// SKUs by provider, region and size, every fourth of them graduated.
fn catalogue(skus: usize) -> String {
    let mut text = String::new();
    for sku in 0..skus {
        if sku % 100 == 0 {
            let _ = writeln!(
                text,
                "[[product]]\nid = \"vm-{}\"\nname = \"Machines {}\"\nkind = \"running\"",
                sku / 100,
                sku / 100
            );
        }
        let _ = writeln!(
            text,
            "[[product.sku]]\nid = \"sku-{sku}\"\nname = \"Size {sku}\"\ndims = {{ provider = \"p{}\", region = \"r{}\", size = \"s{sku}\" }}",
            sku % 7,
            sku % 31
        );
        let cents = 1 + sku % 997;
        let _ = if sku % 4 == 0 {
            writeln!(
                text,
                "mode = \"graduated\"\ntiers = [{{ upto = \"100\", price = \"0.{cents:03} / hour\" }}, {{ price = \"0.0{cents:03} / hour\" }}]"
            )
        } else {
            writeln!(text, "price = \"0.{cents:03} / hour\"")
        };
    }
    text
}
