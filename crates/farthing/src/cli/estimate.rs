//! `farthing estimate`: what a configuration would cost, with the arithmetic.

use clap::Args;
use farthing::clouds::Folder;
use farthing::failure::Failure;
use farthing_core::config::{Name, Size, Text};
use farthing_core::estimate::{Ask, Estimate};
use farthing_core::measure::Quantity;
use farthing_core::money::Locale;
use farthing_core::profile::Profile;
use farthing_core::time::{Instant, Span};
use farthing_engine::Clock;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The cloud's folder, with cloud.toml and catalog.toml.
    folder: PathBuf,
    /// PRODUCT or PRODUCT/SKU.
    product: String,
    /// How long: 100h, 30d, 3mo.
    #[arg(long = "for", value_name = "SPAN")]
    lasting: Option<String>,
    /// How many of it.
    #[arg(long, default_value_t = 1)]
    count: u32,
    /// How large, for what is charged by its size; of a pack, how many units.
    #[arg(long, value_name = "SIZE")]
    size: Option<String>,
    /// How much was used of a component or meter, or how many of an add-on, such as `input_tokens=2.5M`.
    #[arg(long = "use", value_name = "NAME=QUANTITY")]
    uses: Vec<String>,
    /// A property: it chooses the SKU where none is named, and the line of a matrix: region=eu.
    #[arg(long = "with", value_name = "KEY=VALUE")]
    properties: Vec<String>,
    /// Whose contract applies.
    #[arg(long)]
    account: Option<String>,
    /// From when; now when not given.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let profile = Folder::open(&arguments.folder)?.profile()?;
    let estimate = profile.estimate(&ask(arguments)?)?;
    print!("{}", told(&estimate, &profile));
    Ok(ExitCode::SUCCESS)
}

fn ask(arguments: &Arguments) -> Result<Ask, Failure> {
    let from = match &arguments.from {
        Some(from) => Instant::parse(from)?,
        None => Clock::real(None)?.now()?.floor_second(),
    };
    let (product, sku) = match arguments.product.split_once('/') {
        Some((product, sku)) => (product, Some(sku.to_owned())),
        None => (arguments.product.as_str(), None),
    };
    let mut ask = Ask { sku, count: arguments.count, ..Ask::of(product, from) };
    ask.lasting = arguments.lasting.as_deref().map(Span::parse).transpose()?;
    if let Some(size) = &arguments.size {
        let (quantity, unit) = Quantity::parse_with_unit(size)?;
        ask.size = Some(Size { quantity, unit });
    }
    for used in &arguments.uses {
        let (name, quantity) = pair(used, "--use input_tokens=2.5M")?;
        ask.uses.push((named(name)?, Quantity::parse(quantity)?));
    }
    for property in &arguments.properties {
        let (key, value) = pair(property, "--with region=eu")?;
        ask.properties.insert(key.to_owned(), Text(value.to_owned()));
    }
    ask.account = arguments.account.as_deref().map(named).transpose()?;
    Ok(ask)
}

fn pair<'a>(text: &'a str, example: &str) -> Result<(&'a str, &'a str), Failure> {
    text.split_once('=').ok_or_else(|| format!("{text:?} has no \"=\"; write it like {example}").into())
}

fn named(text: &str) -> Result<Name, Failure> {
    Name::parse(text)
        .ok_or_else(|| format!("{text:?} is no name: names have lower-case letters, digits, \"-\" and \"_\"").into())
}

/// The lines, their steps, and the sum.
fn told(estimate: &Estimate, profile: &Profile) -> String {
    let locale = profile.policy.cloud.languages.first().copied().unwrap_or(Locale::En);
    let mut text = String::new();
    for line in &estimate.lines {
        text.push_str(&line.what);
        text.push('\n');
        for step in &line.steps {
            text.push_str("  ");
            text.push_str(step);
            text.push('\n');
        }
    }
    let net = estimate.total.net;
    let units = estimate.units.iter().map(|(units, unit)| format!("{units} {}", unit.beside(false)));
    let units: Vec<String> = units.collect();
    text.push('\n');
    if !units.is_empty() {
        text.push_str(&units.join(", "));
        text.push_str(if net.is_zero() { "\n" } else { "; what units do not cover costs " });
        if net.is_zero() {
            return text;
        }
    }
    text.push_str(&net.format(locale));
    let exact = net.plain();
    if net.to_minor().is_err() {
        let _ = write!(text, " (exactly {exact})");
    }
    if estimate.total.list != net {
        let _ = write!(text, ", instead of {}", estimate.total.list.format(locale));
    }
    text.push_str(", without taxes\n");
    for note in &estimate.notes {
        let _ = writeln!(text, "  {note}");
    }
    text
}
